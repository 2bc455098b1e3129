import type { z } from 'zod';
import { flag, header, key, oneOf, pattern, text, url, type Variable } from './values.ts';

/** How pages go out. A channel is there when its address is set; any number of them may be. */
export const channelVariables = {
  SMTP_URL: {
    schema: url('smtp', 'smtps'),
    default: undefined,
    says: 'Mail server for pages, e.g. smtp://user:password@mail.example.org:587. Not set: no pages by mail.',
    secret: true,
  },
  SMTP_FROM: {
    schema: text,
    default: 'Hearthbeat <hearthbeat@localhost>',
    says: 'Sender of the pages that go by mail.',
  },
  SMTP_CONFIDENTIAL: {
    schema: flag,
    default: 'false',
    says: 'true: mail stays inside the hospital, so pages may hold names and values. false: they hold a link only.',
  },
  WEBHOOK_URL: {
    schema: url('http', 'https'),
    default: undefined,
    says: 'Receives every page as signed JSON. Not set: no pages by webhook.',
  },
  WEBHOOK_SECRET: {
    schema: key,
    default: undefined,
    says: 'Key of the HMAC-SHA-256 that signs webhook bodies. Not set: made at first start, see DATA_DIR/secrets.json.',
    secret: true,
  },
  SMS_URL: {
    schema: url('http', 'https'),
    default: undefined,
    says: 'Gateway for text messages; may hold {to} and {text}. Not set: none. Whatever the gateway wants, see docs/channels.md.',
    secret: true,
  },
  SMS_METHOD: { schema: oneOf('POST', 'PUT', 'GET'), default: 'POST', says: 'How SMS_URL is asked: POST, PUT or GET.' },
  SMS_TYPE: {
    schema: text,
    default: 'application/json',
    says: 'Content type of SMS_BODY, by which what it holds is quoted.',
  },
  SMS_BODY: {
    schema: text,
    default: '{"to":"{to}","text":"{text}"}',
    says: 'What is sent to SMS_URL; {to} is the number, {digits} the number without its +, {text} the message, {id} the same for the same page.',
    secret: true,
  },
  SMS_HEADER: {
    schema: header,
    default: undefined,
    says: 'A header for SMS_URL by which the gateway knows us, e.g. Authorization: Bearer secret.',
    secret: true,
  },
  SMS_TAKEN: {
    schema: pattern,
    default: undefined,
    says: 'Must be found in the answer of a gateway that took the message. Not set: a status of 2xx says so.',
  },
  SMS_CONFIDENTIAL: {
    schema: flag,
    default: 'false',
    says: 'true: text messages may hold names and values, where their reader wishes so. false: they hold a link only.',
  },
  NTFY_URL: {
    schema: url('http', 'https'),
    default: undefined,
    says: 'ntfy server for pages, better one of your own. Not set: none.',
  },
  NTFY_TOKEN: { schema: text, default: undefined, says: 'Access token at NTFY_URL.', secret: true },
  NTFY_CONFIDENTIAL: {
    schema: flag,
    default: 'false',
    says: 'true: NTFY_URL stays inside the hospital, so pages by ntfy may hold names and values. false: they hold a link only.',
  },
  WEB_PUSH_CONTACT: {
    schema: url('mailto', 'https'),
    default: undefined,
    says: 'Whom a push service may ask about our pages, e.g. mailto:it@hospital.example; with it pages go to browsers. Not set: none.',
  },
  WEB_PUSH_HOSTS: {
    schema: text,
    default: 'fcm.googleapis.com *.push.services.mozilla.com *.push.apple.com *.notify.windows.com',
    says: 'Push services to which browsers may send us; * stands for one name or more.',
  },
  WEB_PUSH_CONFIDENTIAL: {
    schema: flag,
    default: 'false',
    says: 'true: pages on screens of browsers may hold names and values, where their reader wishes so. false: they hold a link only.',
  },
  WECOM_URL: {
    schema: url('http', 'https'),
    default: undefined,
    says: 'Address of a group robot of WeCom, with its key. Not set: none.',
    secret: true,
  },
  WECOM_CONFIDENTIAL: {
    schema: flag,
    default: 'false',
    says: 'true: only the care team reads the WeCom group, so pages there may hold names and values.',
  },
  DINGTALK_URL: {
    schema: url('http', 'https'),
    default: undefined,
    says: 'Address of a group robot of DingTalk, with its access_token. Not set: none.',
    secret: true,
  },
  DINGTALK_SECRET: {
    schema: key,
    default: undefined,
    says: 'Secret with which the robot at DINGTALK_URL wants to be signed to (it begins with SEC). Not set: unsigned.',
    secret: true,
  },
  DINGTALK_CONFIDENTIAL: {
    schema: flag,
    default: 'false',
    says: 'true: only the care team reads the DingTalk group, so pages there may hold names and values.',
  },
  FEISHU_URL: {
    schema: url('http', 'https'),
    default: undefined,
    says: 'Address of a group robot of Feishu or Lark. Not set: none.',
    secret: true,
  },
  FEISHU_SECRET: {
    schema: key,
    default: undefined,
    says: 'Secret with which the robot at FEISHU_URL wants to be signed to. Not set: unsigned.',
    secret: true,
  },
  FEISHU_CONFIDENTIAL: {
    schema: flag,
    default: 'false',
    says: 'true: only the care team reads the Feishu group, so pages there may hold names and values.',
  },
} as const satisfies Record<string, Variable>;

export type ChannelConfig = {
  readonly [Name in keyof typeof channelVariables]:
    | z.infer<(typeof channelVariables)[Name]['schema']>
    | ((typeof channelVariables)[Name]['default'] extends undefined ? undefined : never);
};
