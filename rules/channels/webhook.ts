import { createHmac } from 'node:crypto';
import { SetupFault } from '#domain/errors.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Config } from '#runtime/config.ts';
import { type CommonChannel, type OutgoingPage, sendWithinMs } from './channel.ts';
import { createPost, deliveryOf } from './post.ts';

/**
 * Pages as signed JSON to one address of the hospital's choice. The body never holds a name or a value: who receives it asks the
 * API. `X-Hearthbeat-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`: the receiver checks it with the shared secret
 * and refuses a `t` far from its own clock. `Idempotency-Key` is the page's id, the same when a page has to be sent again.
 */
export function createWebhookChannel(
  { clock }: { clock: Clock },
  config: { url: string; secret: string; sendWithinMs?: number; ca?: string },
): CommonChannel {
  const limitMs = config.sendWithinMs ?? sendWithinMs;
  const post = createPost({ clock }, { who: 'the webhook', limitMs, statusOnly: true, ca: config.ca });
  return {
    name: 'webhook',
    confidential: false,
    reaches: 'system',
    async send(page) {
      const body = JSON.stringify(bodyOf(page));
      const seconds = Math.floor(clock.now() / 1000);
      const answer = await post(config.url, {
        headers: {
          'content-type': 'application/json',
          'idempotency-key': page.id,
          'x-hearthbeat-signature': `t=${seconds},v1=${sign(config.secret, seconds, body)}`,
        },
        body,
      });
      return 'ok' in answer ? answer : deliveryOf('the webhook', answer.status);
    },
  };
}

/** @throws SetupFault when there is no key to sign with. */
export function webhookFrom(
  config: Pick<Config, 'WEBHOOK_URL' | 'WEBHOOK_SECRET'>,
  deps: { clock: Clock },
): CommonChannel | undefined {
  if (!config.WEBHOOK_URL) return undefined;
  if (!config.WEBHOOK_SECRET) throw new SetupFault('WEBHOOK_URL needs WEBHOOK_SECRET, at least 16 characters.');
  return createWebhookChannel(deps, { url: config.WEBHOOK_URL, secret: config.WEBHOOK_SECRET });
}

/** What the receiver gets: version 2. */
const bodyOf = (page: OutgoingPage) => ({
  v: 2,
  page: page.id,
  alerts: page.alerts,
  severity: page.severity,
  recipient: { id: page.recipient.id, email: page.recipient.email, language: page.recipient.language },
  subject: page.subject,
  text: page.text,
  url: page.url,
  acknowledgeUrl: page.acknowledgeUrl,
});

const sign = (secret: string, seconds: number, body: string): string =>
  createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
