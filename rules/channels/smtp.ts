import type { Clock } from '#runtime/clock.ts';
import type { Config } from '#runtime/config.ts';
import { createMailer } from '#runtime/mail.ts';
import { type PersonalChannel, sendWithinMs } from './channel.ts';

/** Pages by mail. */
export function createSmtpChannel(
  { clock }: { clock: Clock },
  config: { url: string; from: string; confidential: boolean; sendWithinMs?: number },
): PersonalChannel {
  const mailer = createMailer(
    { clock },
    { url: config.url, from: config.from, sendWithinMs: config.sendWithinMs ?? sendWithinMs },
  );
  return {
    name: 'smtp',
    confidential: config.confidential,
    reaches: 'email',
    send: (page, address) =>
      mailer.send({
        id: page.id,
        to: address,
        subject: page.subject,
        text: page.text,
        urgent: page.severity === 'critical',
        headers: {
          'x-hearthbeat-alert': page.alerts.map(({ alert }) => alert).join(' '),
          'x-hearthbeat-step': page.alerts.map(({ step }) => step).join(' '),
        },
      }),
  };
}

export const smtpFrom = (
  config: Pick<Config, 'SMTP_URL' | 'SMTP_FROM' | 'SMTP_CONFIDENTIAL'>,
  deps: { clock: Clock },
): PersonalChannel | undefined =>
  config.SMTP_URL === undefined
    ? undefined
    : createSmtpChannel(deps, {
        url: config.SMTP_URL,
        from: config.SMTP_FROM,
        confidential: config.SMTP_CONFIDENTIAL,
      });
