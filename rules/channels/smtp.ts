import type { Clock } from '#runtime/clock.ts';
import { createMailer } from '#runtime/mail.ts';
import { type Channel, sendWithinMs } from './channel.ts';

/** Pages by mail. */
export function createSmtpChannel(
  { clock }: { clock: Clock },
  config: { url: string; from: string; confidential: boolean; sendWithinMs?: number },
): Channel {
  const mailer = createMailer(
    { clock },
    { url: config.url, from: config.from, sendWithinMs: config.sendWithinMs ?? sendWithinMs },
  );
  return {
    name: 'smtp',
    confidential: config.confidential,
    send: (page) =>
      mailer.send({
        id: page.id,
        to: page.recipient.email,
        subject: page.subject,
        text: page.text,
        urgent: page.severity === 'critical',
        headers: { 'x-hearthbeat-alert': page.alert, 'x-hearthbeat-step': String(page.step) },
      }),
  };
}
