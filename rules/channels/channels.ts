import { SetupFault } from '#domain/errors.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Config } from '#runtime/config.ts';
import type { Log } from '#runtime/log.ts';
import type { Channel } from './channel.ts';
import { createSmtpChannel } from './smtp.ts';
import { createWebhookChannel } from './webhook.ts';

/** The channels that are configured. @throws SetupFault when a webhook has no key to sign with. */
export function channelsFrom(
  config: Pick<Config, 'SMTP_URL' | 'SMTP_FROM' | 'SMTP_CONFIDENTIAL' | 'WEBHOOK_URL' | 'WEBHOOK_SECRET'>,
  deps: { clock: Clock; log: Log },
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
  if (channels.length > 0) deps.log.info('pages go out', { by: channels.map((channel) => channel.name) });
  else deps.log.warn('no channel for pages is configured: set SMTP_URL or WEBHOOK_URL');
  return channels;
}
