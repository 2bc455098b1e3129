import type { RequestListener } from 'node:http';
import { systemClock as clock } from '#runtime/clock.ts';
import type { Channel, Delivery, OutgoingPage } from '../../../rules/channels/channel.ts';
import { createDingTalkChannel } from '../../../rules/channels/dingtalk.ts';
import { createFeishuChannel } from '../../../rules/channels/feishu.ts';
import { createNtfyChannel } from '../../../rules/channels/ntfy.ts';
import { createSmsChannel } from '../../../rules/channels/sms.ts';
import { createWebPushChannel } from '../../../rules/channels/web-push.ts';
import { createWebhookChannel } from '../../../rules/channels/webhook.ts';
import { createWeComChannel } from '../../../rules/channels/wecom.ts';
import { ntfyServer } from './ntfy.ts';
import { smsGateway, webhookReceiver } from './others.ts';
import { pushService } from './push-service.ts';
import { dingTalkRobot, feishuRobot, weComRobot } from './robots.ts';
import type { Taken } from './web.ts';

/** Every channel over HTTP, against a server of its protocol wherever that listens. */

export type Setting = { sendWithinMs?: number; ca?: string; confidential?: boolean };

export type Pair = {
  /** @param origin where the server, or whoever stands in its place, listens */
  channel(origin: string, setting?: Setting): Channel;
  /** Of the recipient, where the channel wants one. */
  address(origin: string): string;
  listener: RequestListener;
  taken: Taken[];
  /** Must stand in no fault. */
  secrets: string[];
};

export type HttpChannel = {
  name: string;
  /** Is told by what is answered, and not by the status alone. */
  readsAnswers: boolean;
  /** Speaks TLS and nothing else. */
  tlsOnly?: true;
  pair(): Pair;
};

export const sendBy = (channel: Channel, page: OutgoingPage, address: string): Promise<Delivery> =>
  channel.reaches === 'group' || channel.reaches === 'system' ? channel.send(page) : channel.send(page, address);

const nowhere = () => '';

export const httpChannels: HttpChannel[] = [
  {
    name: 'webhook',
    readsAnswers: false,
    pair: () => {
      const secret = 'a secret of sixteen or more';
      return {
        channel: (origin, setting) => createWebhookChannel({ clock }, { url: `${origin}/pages`, secret, ...setting }),
        address: nowhere,
        ...webhookReceiver(secret),
        secrets: [secret],
      };
    },
  },
  {
    name: 'sms',
    readsAnswers: true,
    pair: () => ({
      channel: (origin, setting) =>
        createSmsChannel({ clock }, { url: `${origin}/send`, ...smsSetting, confidential: false, ...setting }),
      address: () => '+8613800138000',
      ...smsGateway('token-of-the-gateway'),
      secrets: ['token-of-the-gateway', '13800138000'],
    }),
  },
  {
    name: 'ntfy',
    readsAnswers: true,
    pair: () => ({
      channel: (origin, setting) =>
        createNtfyChannel({ clock }, { url: origin, token: 'tk_secret', confidential: false, ...setting }),
      address: () => 'hearthbeat-Zx1_-abc',
      ...ntfyServer('tk_secret'),
      secrets: ['tk_secret', 'hearthbeat-Zx1_-abc'],
    }),
  },
  {
    name: 'web-push',
    readsAnswers: false,
    tlsOnly: true,
    pair: () => {
      const service = pushService();
      const create = (setting?: Setting) =>
        createWebPushChannel(
          { clock },
          { ...pushSetting, hosts: 'push.example 127.0.0.1', confidential: false, ...setting },
        );
      return {
        channel: (_, setting) => create(setting),
        address: (origin) => JSON.stringify(service.subscribeAt(origin, create().publicKey ?? '').subscription),
        listener: service.listener,
        taken: service.taken,
        secrets: [pushSetting.privateKey],
      };
    },
  },
  {
    name: 'wecom',
    readsAnswers: true,
    pair: () => ({
      channel: (origin, setting) =>
        createWeComChannel(
          { clock },
          { url: `${origin}/cgi-bin/webhook/send?key=wecom-key`, confidential: false, ...setting },
        ),
      address: nowhere,
      ...weComRobot('wecom-key'),
      secrets: ['wecom-key'],
    }),
  },
  {
    name: 'dingtalk',
    readsAnswers: true,
    pair: () => {
      const secret = 'SECc0ffee00c0ffee00c0ffee00';
      return {
        channel: (origin, setting) =>
          createDingTalkChannel(
            { clock },
            { url: `${origin}/robot/send?access_token=ding-token`, secret, confidential: false, ...setting },
          ),
        address: nowhere,
        ...dingTalkRobot('ding-token', secret),
        secrets: ['ding-token', secret],
      };
    },
  },
  {
    name: 'feishu',
    readsAnswers: true,
    pair: () => {
      const secret = 'feishu-secret-0123456789';
      return {
        channel: (origin, setting) =>
          createFeishuChannel(
            { clock },
            { url: `${origin}/open-apis/bot/v2/hook/feishu-key`, secret, confidential: false, ...setting },
          ),
        address: nowhere,
        ...feishuRobot(secret),
        secrets: ['feishu-key', secret],
      };
    },
  },
];

export const smsSetting = {
  method: 'POST',
  contentType: 'application/json',
  body: '{"to":"{to}","text":"{text}","id":"{id}"}',
  header: 'X-Api-Key: token-of-the-gateway',
  taken: /"code":0[,}]/u,
} as const;

export const pushSetting = {
  /** base64url of 32 bytes. */
  privateKey: 'q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94',
  contact: 'mailto:it@hospital.example',
};
