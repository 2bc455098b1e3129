import { createECDH } from 'node:crypto';
import webPush from 'web-push';
import { PushSubscription } from '#domain/contact.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Config } from '#runtime/config.ts';
import { type PersonalChannel, sendWithinMs } from './channel.ts';
import { createPost, cutTo, deliveryOf } from './post.ts';

/**
 * Pages to browsers that subscribed: encrypted for the browser alone (RFC 8291), signed for its push service (VAPID, RFC 8292). The
 * service worker of the console shows them. web-push makes the request; it is sent as all of ours are.
 */
export function createWebPushChannel(
  { clock }: { clock: Clock },
  config: {
    /** base64url of 32 bytes: a number on P-256. */
    privateKey: string;
    /** `mailto:` or `https:`, RFC 8292, section 2.1. */
    contact: string;
    /** Whose addresses a browser may name: the platform must not be sent to where its own network trusts it. */
    hosts: string;
    confidential: boolean;
    sendWithinMs?: number;
    ca?: string;
  },
): PersonalChannel {
  const post = createPost({ clock }, { who, limitMs: config.sendWithinMs ?? sendWithinMs, ca: config.ca });
  const publicKey = publicKeyOf(config.privateKey);
  const vapidDetails = { subject: config.contact, publicKey, privateKey: config.privateKey };
  const mayGoTo = hostsIn(config.hosts);
  return {
    name: 'web-push',
    confidential: config.confidential,
    reaches: 'web-push',
    publicKey,
    async send(page, address) {
      const subscription = subscriptionIn(address);
      if (!subscription)
        return { ok: false, retry: false, fault: 'the subscription is damaged', gone: true, ofRecipient: true };
      if (!mayGoTo(new URL(subscription.endpoint).hostname))
        return { ok: false, retry: false, fault: 'the push service is none of WEB_PUSH_HOSTS' };
      const shown = {
        title: cutTo(250, page.subject),
        body: cutTo(textBytesAtMost, page.text),
        tag: page.id,
        critical: page.severity === 'critical',
        language: page.recipient.language,
        url: page.url,
        acknowledgeUrl: page.acknowledgeUrl,
      };
      let details: ReturnType<typeof webPush.generateRequestDetails>;
      try {
        details = webPush.generateRequestDetails(subscription, JSON.stringify(shown), {
          vapidDetails,
          TTL: secondsToLive,
          urgency: page.severity === 'routine' ? 'normal' : 'high',
          contentEncoding: 'aes128gcm',
        });
      } catch {
        // a key that is no point on the curve
        return { ok: false, retry: false, fault: 'the subscription is damaged', gone: true, ofRecipient: true };
      }
      // the library counts the length for a client that does not
      const { 'Content-Length': _, ...headers } = details.headers as Record<string, string>;
      const answer = await post(details.endpoint, {
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
        ),
        ...(details.body ? { body: details.body } : {}),
      });
      if ('ok' in answer) return answer;
      // RFC 8030, section 7.3: the subscription has ended
      if (answer.status === 404 || answer.status === 410)
        return { ok: false, retry: false, fault: 'the browser has unsubscribed', gone: true, ofRecipient: true };
      return deliveryOf(who, answer.status);
    },
  };
}

export const webPushFrom = (
  config: Pick<Config, 'WEB_PUSH_CONTACT' | 'WEB_PUSH_HOSTS' | 'WEB_PUSH_CONFIDENTIAL'> & { webPushKey: string },
  deps: { clock: Clock },
): PersonalChannel | undefined =>
  config.WEB_PUSH_CONTACT === undefined
    ? undefined
    : createWebPushChannel(deps, {
        privateKey: config.webPushKey,
        contact: config.WEB_PUSH_CONTACT,
        hosts: config.WEB_PUSH_HOSTS,
        confidential: config.WEB_PUSH_CONFIDENTIAL,
      });

const who = 'the push service';
/** A page that could not be shown for an hour has been followed by others. */
const secondsToLive = 3_600;
/** A push service takes 4,096 bytes with everything around them (RFC 8030, section 7.2). */
const textBytesAtMost = 2_400;

function publicKeyOf(privateKey: string): string {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(Buffer.from(privateKey, 'base64url'));
  return pair.getPublicKey('base64url');
}

function subscriptionIn(address: string): PushSubscription | undefined {
  try {
    return PushSubscription.safeParse(JSON.parse(address)).data;
  } catch {
    return undefined;
  }
}

/** `*.push.example` is every name that ends so. */
function hostsIn(list: string): (host: string) => boolean {
  const known = list.split(/[\s,]+/).filter((host) => host !== '');
  return (host) => known.some((one) => (one.startsWith('*.') ? host.endsWith(one.slice(1)) : host === one));
}
