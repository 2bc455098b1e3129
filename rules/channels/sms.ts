import type { Clock } from '#runtime/clock.ts';
import type { Config } from '#runtime/config.ts';
import { type OutgoingPage, type PersonalChannel, sendWithinMs } from './channel.ts';
import { createPost, deliveryOf } from './post.ts';

/**
 * Text messages through whatever gateway a hospital has, as long as it speaks HTTP: address, method, body, a header and what an answer
 * must hold are told by its configuration. A message is the subject of the page and one link.
 */
export type SmsConfig = {
  /** Places in it and in `body`: {to} {digits} {text} {id}. */
  url: string;
  method: 'POST' | 'PUT' | 'GET';
  contentType: string;
  body: string;
  /** `Name: value`. */
  header?: string | undefined;
  /** Many gateways answer 200 to everything: what an answer that means "taken" has in it. */
  taken?: RegExp | undefined;
  confidential: boolean;
  sendWithinMs?: number;
  ca?: string;
};

const who = 'the SMS gateway';
/** Three parts of a message in Chinese (67 characters each, 3GPP TS 23.040), so that a link is never cut off by a gateway. */
const charactersAtMost = 200;

export function createSmsChannel({ clock }: { clock: Clock }, config: SmsConfig): PersonalChannel {
  const { method, contentType, taken } = config;
  const post = createPost({ clock }, { who, limitMs: config.sendWithinMs ?? sendWithinMs, ca: config.ca });
  const [, name, value] = /^([^:]+): (.*)$/.exec(config.header ?? '') ?? [];
  const quote = quotesOf(contentType);
  return {
    name: 'sms',
    confidential: config.confidential,
    reaches: 'phone',
    async send(page, number) {
      const places = { to: number, digits: number.replace(/\D/g, ''), text: textOf(page), id: page.id };
      const answer = await post(filled(config.url, places, encodeURIComponent), {
        method,
        headers: {
          ...(name && value ? { [name.toLowerCase()]: value } : {}),
          ...(method === 'GET' ? {} : { 'content-type': contentType }),
        },
        ...(method === 'GET' ? {} : { body: filled(config.body, places, quote) }),
      });
      if ('ok' in answer) return answer;
      const delivery = deliveryOf(who, answer.status);
      if (!delivery.ok || !taken || taken.test(answer.text)) return delivery;
      return { ok: false, retry: true, fault: `${who} did not take the message` };
    },
  };
}

export const smsFrom = (
  config: Pick<
    Config,
    'SMS_URL' | 'SMS_METHOD' | 'SMS_TYPE' | 'SMS_BODY' | 'SMS_HEADER' | 'SMS_TAKEN' | 'SMS_CONFIDENTIAL'
  >,
  deps: { clock: Clock },
): PersonalChannel | undefined =>
  config.SMS_URL === undefined
    ? undefined
    : createSmsChannel(deps, {
        url: config.SMS_URL,
        method: config.SMS_METHOD,
        contentType: config.SMS_TYPE,
        body: config.SMS_BODY,
        header: config.SMS_HEADER,
        taken: config.SMS_TAKEN === undefined ? undefined : new RegExp(config.SMS_TAKEN, 'u'),
        confidential: config.SMS_CONFIDENTIAL,
      });

function textOf({ subject, acknowledgeUrl, url }: OutgoingPage): string {
  const link = acknowledgeUrl ?? url;
  const room = Math.max(40, charactersAtMost - link.length - 1);
  const characters = [...subject.replaceAll(/\s+/g, ' ')];
  const said = characters.length <= room ? characters.join('') : `${characters.slice(0, room - 1).join('')}…`;
  return `${said}\n${link}`;
}

const filled = (template: string, places: Record<string, string>, quote: (text: string) => string): string =>
  template.replaceAll(/\{(to|digits|text|id)\}/g, (_, name: string) => quote(places[name] ?? ''));

/** How a text stands within a body of this type, so that nothing in it can end its place. */
function quotesOf(contentType: string): (text: string) => string {
  if (/json/i.test(contentType)) return (text) => JSON.stringify(text).slice(1, -1);
  if (/x-www-form-urlencoded/i.test(contentType)) return encodeURIComponent;
  if (/xml/i.test(contentType)) return (text) => text.replaceAll(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return (text) => text;
}
