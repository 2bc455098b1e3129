import { createHmac } from 'node:crypto';
import type { Clock } from '#runtime/clock.ts';
import type { Config } from '#runtime/config.ts';
import type { CommonChannel } from './channel.ts';
import { cutTo } from './post.ts';
import { createRobot, groupText, type RobotConfig } from './robot.ts';

/**
 * A group robot of DingTalk (钉钉), signed where it has a secret: open.dingtalk.com/document/robots/custom-robot-access. Twenty messages
 * a minute, beyond them none for ten; whoever is mentioned stands in the text as well.
 */
export const createDingTalkChannel = (
  deps: { clock: Clock },
  config: RobotConfig & { secret?: string | undefined },
): CommonChannel =>
  createRobot(deps, config, {
    name: 'dingtalk',
    who: 'the DingTalk robot',
    message: (page, now) => {
      const phone = page.mention?.replace(/^\+86/, '');
      const text = cutTo(textBytesAtMost, groupText(page));
      return {
        url: signed(config.url, config.secret, now),
        body: {
          msgtype: 'text',
          text: { content: phone === undefined ? text : `@${phone} ${text}` },
          at: { atMobiles: phone === undefined ? [] : [phone], isAtAll: false },
        },
      };
    },
    code: ({ errcode }) => errcode,
    // -1 the system is busy, 130101 and 130102 too many messages
    passing: [-1, 130101, 130102],
  });

export const dingTalkFrom = (
  config: Pick<Config, 'DINGTALK_URL' | 'DINGTALK_SECRET' | 'DINGTALK_CONFIDENTIAL'>,
  deps: { clock: Clock },
): CommonChannel | undefined =>
  config.DINGTALK_URL === undefined
    ? undefined
    : createDingTalkChannel(deps, {
        url: config.DINGTALK_URL,
        secret: config.DINGTALK_SECRET,
        confidential: config.DINGTALK_CONFIDENTIAL,
      });

/** A message may have 20,000 bytes; nobody reads so much on a telephone. */
const textBytesAtMost = 4_000;

/** base64 of HMAC-SHA-256, the secret being the key, of "milliseconds, line feed, secret". */
function signed(url: string, secret: string | undefined, now: number): string {
  if (secret === undefined) return url;
  const whole = new URL(url);
  whole.searchParams.set('timestamp', String(now));
  whole.searchParams.set('sign', createHmac('sha256', secret).update(`${now}\n${secret}`).digest('base64'));
  return whole.href;
}
