import { SetupFault } from '#domain/errors.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Config } from '#runtime/config.ts';
import type { Channel } from './channel.ts';
import { createSmtpChannel } from './smtp.ts';
import { createWebhookChannel } from './webhook.ts';

export type { Channel } from './channel.ts';

/** The channels that are configured. @throws SetupFault when a webhook has no key to sign with. */
export function channelsFrom(
  config: Pick<Config, 'SMTP_URL' | 'SMTP_FROM' | 'SMTP_CONFIDENTIAL' | 'WEBHOOK_URL' | 'WEBHOOK_SECRET'>,
  deps: { clock: Clock },
): Channel[] {
  const channels: Channel[] = [];
  if (config.SMTP_URL)
    channels.push(
      createSmtpChannel(deps, {
        url: config.SMTP_URL,
        from: config.SMTP_FROM,
        confidential: config.SMTP_CONFIDENTIAL,
      }),
    );
  if (config.WEBHOOK_URL) {
    if (!config.WEBHOOK_SECRET) throw new SetupFault('WEBHOOK_URL needs WEBHOOK_SECRET, at least 16 characters.');
    channels.push(createWebhookChannel(deps, { url: config.WEBHOOK_URL, secret: config.WEBHOOK_SECRET }));
  }
  return channels;
}
