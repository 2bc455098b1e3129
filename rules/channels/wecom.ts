import type { Clock } from '#runtime/clock.ts';
import type { Config } from '#runtime/config.ts';
import type { CommonChannel } from './channel.ts';
import { cutTo } from './post.ts';
import { createRobot, groupText, type RobotConfig } from './robot.ts';

/**
 * A group robot of WeCom (企业微信). Message and answer: developer.work.weixin.qq.com/document/path/91770; 2,048 bytes of text and
 * twenty messages a minute.
 */
export const createWeComChannel = (deps: { clock: Clock }, config: RobotConfig): CommonChannel =>
  createRobot(deps, config, {
    name: 'wecom',
    who: 'the WeCom robot',
    message: (page) => ({
      url: config.url,
      body: {
        msgtype: 'text',
        text: {
          content: cutTo(2_048, groupText(page)),
          mentioned_mobile_list: page.mention === null ? [] : [page.mention.replace(/^\+86/, '')],
        },
      },
    }),
    code: ({ errcode }) => errcode,
    // -1 the system is busy, 45009 more messages than allowed
    passing: [-1, 45009],
  });

export const weComFrom = (
  config: Pick<Config, 'WECOM_URL' | 'WECOM_CONFIDENTIAL'>,
  deps: { clock: Clock },
): CommonChannel | undefined =>
  config.WECOM_URL === undefined
    ? undefined
    : createWeComChannel(deps, { url: config.WECOM_URL, confidential: config.WECOM_CONFIDENTIAL });
