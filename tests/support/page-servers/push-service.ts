import { createDecipheriv, createECDH, createPublicKey, type ECDH, hkdfSync, randomBytes, verify } from 'node:crypto';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import type { PushSubscription } from '#domain/contact.ts';
import { bodyOf, type Taken } from './web.ts';

/** A push service with the browsers that subscribed at it: RFC 8030, 8188, 8291 and 8292, written from the texts. */
export function pushService() {
  const browsers = new Map<string, Browser>();
  const taken: (Taken & { shown: Record<string, unknown>; urgency: string | undefined })[] = [];
  let origin = '';

  const listener: RequestListener = async (request, response) => {
    const refuse = (status: number) => response.writeHead(status).end();
    const browser = browsers.get(request.url ?? '');
    if (request.method !== 'POST' || !browser) return refuse(404);
    if (browser.unsubscribed) return refuse(410);
    const signer = signerOf(request.headers, origin);
    if (signer === undefined) return refuse(401);
    if (signer !== browser.applicationServerKey) return refuse(403);
    if (!/^\d+$/.test(String(request.headers.ttl))) return refuse(400);
    const body = await bodyOf(request);
    if (body.length > 4_096) return refuse(413);
    if (request.headers['content-encoding'] !== 'aes128gcm') return refuse(415);
    const shown = JSON.parse(decrypted(body, browser)) as Record<string, string | null>;
    taken.push({
      to: request.url ?? '',
      text: `${shown.title}\n${shown.body}`,
      link: shown.acknowledgeUrl ?? null,
      id: shown.tag ?? null,
      shown,
      urgency: String(request.headers.urgency),
    });
    response.writeHead(201, { location: `${origin}/messages/${taken.length}` }).end();
  };

  return {
    listener,
    taken,
    /** @param at where the service listens. @param applicationServerKey as the platform tells it to browsers. */
    subscribeAt(at: string, applicationServerKey: string): { subscription: PushSubscription; unsubscribe(): void } {
      origin = at.replace(/^http:/, 'https:');
      const keys = createECDH('prime256v1');
      keys.generateKeys();
      const browser: Browser = { keys, auth: randomBytes(16), applicationServerKey, unsubscribed: false };
      const path = `/push/${randomBytes(12).toString('base64url')}`;
      browsers.set(path, browser);
      return {
        subscription: {
          endpoint: `${origin}${path}`,
          keys: { p256dh: keys.getPublicKey('base64url'), auth: browser.auth.toString('base64url') },
        },
        unsubscribe: () => {
          browser.unsubscribed = true;
        },
      };
    },
  };
}

type Browser = { keys: ECDH; auth: Buffer; applicationServerKey: string; unsubscribed: boolean };

/** RFC 8292: who signed, when it is for us, for at most a day, and names somebody to ask; undefined else. */
function signerOf(headers: IncomingHttpHeaders, audience: string): string | undefined {
  const [, token = '', key = ''] = /^vapid t=([^,]+), ?k=([A-Za-z0-9_-]{87})$/.exec(headers.authorization ?? '') ?? [];
  const [head = '', claims = '', signature = ''] = token.split('.');
  const point = Buffer.from(key, 'base64url');
  if (point.length !== 65) return undefined;
  const [x, y] = [point.subarray(1, 33).toString('base64url'), point.subarray(33).toString('base64url')];
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  const signed = Buffer.from(`${head}.${claims}`);
  const good = verify(
    'sha256',
    signed,
    { key: publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  const parse = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  const { alg } = parse(head);
  const { aud, exp, sub } = parse(claims);
  const seconds = Number(exp) - Date.now() / 1000;
  const fits = alg === 'ES256' && aud === audience && seconds > 0 && seconds <= 86_400;
  return good && fits && /^(mailto:|https:)/.test(String(sub)) ? key : undefined;
}

/** RFC 8188 (one record) with the keys of RFC 8291, section 3.4. */
function decrypted(body: Buffer, { keys, auth }: Browser): string {
  const salt = body.subarray(0, 16);
  const sender = body.subarray(21, 21 + body.readUInt8(20));
  const sealed = body.subarray(21 + sender.length);
  const hkdf = (key: Buffer, mixed: Buffer, info: Buffer | string, bytes: number) =>
    Buffer.from(hkdfSync('sha256', key, mixed, info, bytes));
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), keys.getPublicKey(), sender]);
  const secret = hkdf(keys.computeSecret(sender), auth, info, 32);
  const key = hkdf(secret, salt, 'Content-Encoding: aes128gcm\0', 16);
  const nonce = hkdf(secret, salt, 'Content-Encoding: nonce\0', 12);
  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAuthTag(sealed.subarray(-16));
  const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  const end = padded.lastIndexOf(2);
  return padded.subarray(0, end).toString('utf8');
}
