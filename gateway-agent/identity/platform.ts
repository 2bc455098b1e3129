import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { type AuthorityPin, isPinned } from '#domain/enrolment.ts';
import { Outage } from '#domain/errors.ts';
import { type Clock, within } from '#runtime/clock.ts';

/** What a box asks the platform for over HTTPS, before it can or may speak MQTT. */

export const platformLimits = {
  answerMs: 20_000,
  answerBytes: 64 * 1024,
  /** Certificates that a server may show, its own and those that vouch for it. */
  chain: 8,
} as const;

export type Question = {
  method: 'POST' | 'HEAD';
  path: string;
  body?: unknown;
  /** PEM: nobody else may vouch for the platform. Not given: those that this system trusts. */
  trusted?: string | undefined;
};
/** `date`: what the platform takes for the time, ms, to a second. */
export type Answered = { status: number; json: unknown; date: number | undefined };

/** Redirections are not followed. @throws Outage `platform-away` with, in its message, the code of what lies below: ECONNREFUSED, CERT_HAS_EXPIRED. */
export async function askPlatform(clock: Clock, url: URL, question: Question): Promise<Answered> {
  const { method, path, body, trusted } = question;
  const quit = new AbortController();
  const at = new URL(path, url);
  const asking = new Promise<Answered>((resolve, reject) => {
    const options = {
      method,
      // no connection is kept for another question: there is none for weeks
      agent: false as const,
      signal: quit.signal,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(trusted === undefined ? {} : { ca: trusted }),
    };
    const hear = (response: IncomingMessage) =>
      void jsonOf(response).then((json) => {
        const date = Date.parse(response.headers.date ?? '');
        resolve({ status: response.statusCode ?? 0, json, date: Number.isNaN(date) ? undefined : date });
      }, reject);
    const asked = at.protocol === 'https:' ? overHttps(at, options, hear) : overHttp(at, options, hear);
    asked.once('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
  try {
    return await within(clock, platformLimits.answerMs, asking, () => new Error('no answer in time'));
  } catch (fault) {
    throw new Outage('platform-away', causeOf(fault), { retry: true, cause: fault });
  } finally {
    asking.catch(() => {});
    quit.abort();
  }
}

async function jsonOf(response: IncomingMessage): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response) {
    bytes += part.length;
    if (bytes > platformLimits.answerBytes) return undefined;
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * The authority with this fingerprint, PEM, out of the certificates that the server at `url` shows; undefined where it shows none such. Nothing is said
 * to that server: whether it really is vouched for by this authority is checked by whoever asks it something next.
 * @throws Outage `platform-away`
 */
export async function findAuthority(clock: Clock, url: URL, pin: AuthorityPin): Promise<string | undefined> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const socket = connect({
    host,
    port: Number(url.port) || 443,
    rejectUnauthorized: false,
    ...(isIP(host) ? {} : { servername: host }),
  });
  socket.on('error', () => {});
  try {
    await within(clock, platformLimits.answerMs, once(socket, 'secureConnect'), () => new Error('no answer in time'));
    let shown = socket.getPeerCertificate(true);
    for (let n = 0; n < platformLimits.chain && shown?.raw; n++) {
      if (isPinned(pin, createHash('sha256').update(shown.raw).digest('hex')))
        return new X509Certificate(shown.raw).toString();
      if (shown.issuerCertificate === shown) break;
      shown = shown.issuerCertificate;
    }
    return undefined;
  } catch (fault) {
    throw new Outage('platform-away', causeOf(fault), { retry: true, cause: fault });
  } finally {
    socket.destroy();
  }
}

/**
 * Whom a box trusts for the address of its platform from now on, PEM. Those whom the platform names, where it knows one of them already: two, while one
 * takes over from the other. Who vouches for a hospital's address is not named by the platform, and stays.
 */
export function trustedNext(trusted: string, named: string | undefined): string {
  const known = fingerprintsIn(trusted);
  return named !== undefined && fingerprintsIn(named).some((one) => known.includes(one)) ? named : trusted;
}

const fingerprintsIn = (pems: string): string[] =>
  (pems.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map(
    (pem) => new X509Certificate(pem).fingerprint256,
  );

function causeOf(fault: unknown): string {
  for (let at = fault as { code?: unknown; cause?: unknown } | undefined; at; at = at.cause as typeof at)
    if (typeof at.code === 'string') return at.code;
  return fault instanceof Error ? fault.message : 'no answer';
}
