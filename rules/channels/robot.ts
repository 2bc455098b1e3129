import type { Clock } from '#runtime/clock.ts';
import { type CommonChannel, type Delivery, type OutgoingPage, sendWithinMs } from './channel.ts';
import { type Answer, createPost, deliveryOf, objectIn } from './post.ts';

/**
 * Robots of Chinese office chats: an address that holds a key, a JSON message for a group, and an answer that is HTTP 200 whatever
 * became of it: only the code within tells. A page names whom it calls, for many read it.
 */
export type RobotConfig = { url: string; confidential: boolean; sendWithinMs?: number; ca?: string };

export type RobotManner = {
  name: string;
  /** In faults. */
  who: string;
  /** @param now ms since 1970. */
  message(page: OutgoingPage, now: number): { url: string; body: object };
  /** The code in its answer; 0 says that it was taken. */
  code(answer: Record<string, unknown>): unknown;
  /** Codes that pass: too many at once, or busy. */
  passing: readonly number[];
};

export function createRobot(
  { clock }: { clock: Clock },
  config: RobotConfig,
  { name, who, message, code, passing }: RobotManner,
): CommonChannel {
  const post = createPost({ clock }, { who, limitMs: config.sendWithinMs ?? sendWithinMs, ca: config.ca });

  const deliveryIn = ({ status, text }: Answer): Delivery => {
    const said = objectIn(text);
    const number = said && code(said);
    if (typeof number !== 'number') {
      const delivery = deliveryOf(who, status);
      return delivery.ok ? { ok: false, retry: true, fault: `${who} answered something else` } : delivery;
    }
    if (number === 0) return deliveryOf(who, status);
    return { ok: false, retry: passing.includes(number), fault: `${who} refused with code ${number}` };
  };

  return {
    name,
    confidential: config.confidential,
    reaches: 'group',
    async send(page) {
      const { url, body } = message(page, clock.now());
      const answer = await post(url, {
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: JSON.stringify(body),
      });
      return 'ok' in answer ? answer : deliveryIn(answer);
    },
  };
}

/** What a group reads: whom it calls stands first. */
export function groupText({ recipient, subject, text }: OutgoingPage): string {
  const name = recipient.name[recipient.language];
  const called = recipient.language === 'en' ? `Calling ${name}` : `呼叫：${name}`;
  return `${called}\n${subject}\n\n${text.trimEnd()}`;
}
