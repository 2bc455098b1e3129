import type { Words } from '#domain/words.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Config } from '#runtime/config.ts';
import { type PersonalChannel, sendWithinMs } from './channel.ts';
import { createPost, cutTo, deliveryOf, objectIn } from './post.ts';

/** Pages to the ntfy app, each person on a topic that nobody can guess. Publishing as JSON: docs.ntfy.sh/publish, "Publish as JSON". */
export function createNtfyChannel(
  { clock }: { clock: Clock },
  config: { url: string; token?: string | undefined; confidential: boolean; sendWithinMs?: number; ca?: string },
): PersonalChannel {
  const post = createPost({ clock }, { who, limitMs: config.sendWithinMs ?? sendWithinMs, ca: config.ca });
  return {
    name: 'ntfy',
    confidential: config.confidential,
    reaches: 'ntfy',
    async send(page, topic) {
      const { language } = page.recipient;
      const link = page.acknowledgeUrl;
      const answer = await post(config.url, {
        headers: {
          'content-type': 'application/json',
          ...(config.token === undefined ? {} : { authorization: `Bearer ${config.token}` }),
        },
        body: JSON.stringify({
          topic,
          title: cutTo(titleBytesAtMost, page.subject),
          message: cutTo(messageBytesAtMost, page.text),
          priority: priorities[page.severity],
          tags: page.severity === 'critical' ? ['rotating_light'] : [],
          click: page.url,
          actions: link === null ? [] : [{ action: 'view', label: acknowledge[language], url: link, clear: true }],
        }),
      });
      if ('ok' in answer) return answer;
      const delivery = deliveryOf(who, answer.status);
      // a portal that asks for a password answers 200 as well
      if (delivery.ok && typeof objectIn(answer.text)?.id !== 'string')
        return { ok: false, retry: true, fault: `${who} answered something else` };
      return delivery;
    },
  };
}

export const ntfyFrom = (
  config: Pick<Config, 'NTFY_URL' | 'NTFY_TOKEN' | 'NTFY_CONFIDENTIAL'>,
  deps: { clock: Clock },
): PersonalChannel | undefined =>
  config.NTFY_URL === undefined
    ? undefined
    : createNtfyChannel(deps, {
        url: config.NTFY_URL,
        token: config.NTFY_TOKEN,
        confidential: config.NTFY_CONFIDENTIAL,
      });

const who = 'the ntfy server';
/** A longer message becomes a file that has to be opened: 4,096 bytes. */
const messageBytesAtMost = 4_000;
const titleBytesAtMost = 250;
/** 5 breaks through "do not disturb" where its owner allowed that, 4 rings, 3 is as usual. */
const priorities = { critical: 5, urgent: 4, routine: 3 } as const;
const acknowledge: Words = { en: 'Take in hand', zh: '确认接手' };
