import { createHmac } from 'node:crypto';
import type { Clock } from '#runtime/clock.ts';
import type { Config } from '#runtime/config.ts';
import type { CommonChannel } from './channel.ts';
import { cutTo } from './post.ts';
import { createRobot, groupText, type RobotConfig } from './robot.ts';

/**
 * A group robot of Feishu (飞书) or Lark, signed where it has a secret: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot.
 * A hundred messages a minute and five a second; `<` is written so that no text mentions everybody.
 */
export const createFeishuChannel = (
  deps: { clock: Clock },
  config: RobotConfig & { secret?: string | undefined },
): CommonChannel =>
  createRobot(deps, config, {
    name: 'feishu',
    who: 'the Feishu robot',
    message: (page, now) => ({
      url: config.url,
      body: {
        ...(config.secret === undefined ? {} : signature(config.secret, Math.floor(now / 1000))),
        msg_type: 'text',
        content: { text: cutTo(textBytesAtMost, groupText(page)).replaceAll('<', '＜') },
      },
    }),
    // elder robots say StatusCode
    code: ({ code, StatusCode }) => code ?? StatusCode,
    // 11232 and 230020 too many messages
    passing: [11232, 230020],
  });

export const feishuFrom = (
  config: Pick<Config, 'FEISHU_URL' | 'FEISHU_SECRET' | 'FEISHU_CONFIDENTIAL'>,
  deps: { clock: Clock },
): CommonChannel | undefined =>
  config.FEISHU_URL === undefined
    ? undefined
    : createFeishuChannel(deps, {
        url: config.FEISHU_URL,
        secret: config.FEISHU_SECRET,
        confidential: config.FEISHU_CONFIDENTIAL,
      });

/** A request may have 20,000 bytes; nobody reads so much on a telephone. */
const textBytesAtMost = 4_000;

/** base64 of HMAC-SHA-256 of nothing at all, "seconds, line feed, secret" being the key. */
const signature = (secret: string, seconds: number) => ({
  timestamp: String(seconds),
  sign: createHmac('sha256', `${seconds}\n${secret}`).digest('base64'),
});
