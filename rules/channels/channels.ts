import type { Clock } from '#runtime/clock.ts';
import type { ChannelConfig } from '#runtime/config/channels.ts';
import type { Log } from '#runtime/log.ts';
import type { Channel } from './channel.ts';
import { dingTalkFrom } from './dingtalk.ts';
import { feishuFrom } from './feishu.ts';
import { ntfyFrom } from './ntfy.ts';
import { smsFrom } from './sms.ts';
import { smtpFrom } from './smtp.ts';
import { webPushFrom } from './web-push.ts';
import { webhookFrom } from './webhook.ts';
import { weComFrom } from './wecom.ts';

/** Every channel there is. */
const makers = [smtpFrom, smsFrom, ntfyFrom, webPushFrom, webhookFrom, weComFrom, dingTalkFrom, feishuFrom];

/**
 * The channels that are configured.
 * @param config.webPushKey the key of secrets.json, with which pushes are signed
 * @throws SetupFault when a webhook has no key to sign with
 */
export function channelsFrom(
  config: ChannelConfig & { webPushKey: string },
  deps: { clock: Clock; log: Log },
): Channel[] {
  const channels: Channel[] = makers.map((make) => make(config, deps)).filter((channel) => channel !== undefined);
  if (channels.length > 0) deps.log.info('pages go out', { by: channels.map((channel) => channel.name) });
  else deps.log.warn('no channel for pages is configured: set SMTP_URL or another, see npm run config');
  return channels;
}
