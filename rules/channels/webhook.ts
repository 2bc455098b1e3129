import { createHmac } from 'node:crypto';
import { Agent, request } from 'undici';
import type { Clock } from '#runtime/clock.ts';
import { type CommonChannel, type Delivery, type OutgoingPage, sendWithinMs } from './channel.ts';

/**
 * Pages as signed JSON to one address of the hospital's choice. The body never holds a name or a value: who receives it asks the
 * API. `X-Hearthbeat-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`: the receiver checks it with the shared secret
 * and refuses a `t` far from its own clock. `Idempotency-Key` is the page's id, the same when a page has to be sent again.
 */
export function createWebhookChannel(
  { clock }: { clock: Clock },
  config: { url: string; secret: string; sendWithinMs?: number },
): CommonChannel {
  const limitMs = config.sendWithinMs ?? sendWithinMs;
  const agent = new Agent({
    connectTimeout: limitMs / 3,
    headersTimeout: limitMs,
    bodyTimeout: limitMs,
    connections: 8,
    // a connection that lay idle may be half dead, and a page has no time to find out
    keepAliveTimeout: 4_000,
  });

  return {
    name: 'webhook',
    confidential: false,
    reaches: 'system',
    async send(page) {
      const body = JSON.stringify(bodyOf(page));
      const seconds = Math.floor(clock.now() / 1000);
      const abandon = new AbortController();
      const cancel = clock.after(limitMs, () => abandon.abort());
      try {
        const response = await request(config.url, {
          dispatcher: agent,
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'user-agent': 'Hearthbeat',
            'idempotency-key': page.id,
            'x-hearthbeat-signature': `t=${seconds},v1=${sign(config.secret, seconds, body)}`,
          },
          body,
          signal: abandon.signal,
        });
        // the answer's text is nobody's business; an endless one is cut off with the connection
        response.body.on('error', () => {});
        response.body.destroy();
        return deliveryOf(response.statusCode);
      } catch {
        return abandon.signal.aborted
          ? { ok: false, retry: true, fault: 'the webhook did not answer in time' }
          : { ok: false, retry: true, fault: 'the webhook cannot be reached' };
      } finally {
        cancel();
      }
    },
  };
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

/**
 * 2xx is taken. A redirect is refused: a page follows nobody to another host. 408, 425, 429 and 5xx may pass; any other 4xx says
 * that this request will never be wanted (RFC 9110).
 */
function deliveryOf(status: number): Delivery {
  if (status >= 200 && status < 300) return { ok: true };
  if (status >= 300 && status < 400) return { ok: false, retry: false, fault: 'the webhook answered with a redirect' };
  const retry = status >= 500 || [408, 425, 429].includes(status);
  return { ok: false, retry, fault: `the webhook answered ${status}` };
}
