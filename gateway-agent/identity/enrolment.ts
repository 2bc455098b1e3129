import {
  type AuthorityPin,
  EnrolmentAnswer,
  type EnrolmentCode,
  type EnrolmentFault,
  type EnrolmentRequest,
  enrolmentFaults,
} from '#domain/enrolment.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import { software } from '../status.ts';
import { type Credentials, keepCredentials, keepEnrolmentKey, readEnrolmentKey } from './credentials.ts';
import { isFor, newKey, requestFor } from './keys.ts';
import { askPlatform, findAuthority, trustedNext } from './platform.ts';

/**
 * How this box becomes a source: a key that never leaves it, a certificate request signed with it, and the code that somebody was given. When the
 * answer is lost, the same is asked again with the same key, and the platform answers once more.
 */
export type Enrolling = {
  url: URL;
  code: EnrolmentCode;
  /** Of the platform's own authority, where nobody whom this system trusts vouches for `url`. Nothing is sent before it is found. */
  pin?: AuthorityPin | undefined;
  wants: 'certificate' | 'token';
  dataDir: string;
};

export type Enrolled =
  | { credentials: Credentials }
  | { fault: EnrolmentFault }
  /** The server at `url` shows no authority with that fingerprint. */
  | { fault: 'authority-unknown' }
  /** What answers is no platform that this version understands, or is in trouble. */
  | { fault: 'not-understood'; status: number };

/** What it is given is on disk when this resolves. @throws Outage `platform-away`. @throws SetupFault when it cannot be kept. */
export async function enrolBox(clock: Clock, { url, code, pin, wants, dataDir }: Enrolling): Promise<Enrolled> {
  const trusted = pin && (await findAuthority(clock, url, pin));
  if (pin && !trusted) return { fault: 'authority-unknown' };
  const key = readEnrolmentKey(dataDir) ?? (await newKey());
  // before anything is sent: an answer to a key that is lost is of no use
  keepEnrolmentKey(dataDir, key);
  const certificateRequest = await requestFor(key);
  const body: EnrolmentRequest = { v: 1, code, certificateRequest, credential: wants, software };
  const { status, json } = await askPlatform(clock, url, { method: 'POST', path: '/api/v1/enrolments', body, trusted });
  const answer = EnrolmentAnswer.safeParse(json);
  if (status !== 200 || !answer.success) {
    const { code: word } = (json ?? {}) as { code?: unknown };
    const fault = enrolmentFaults.find((one) => one === word);
    return fault ? { fault } : { fault: 'not-understood', status };
  }
  const { credential } = answer.data;
  if (credential.kind === 'certificate' && !isFor(credential.certificate, key))
    return { fault: 'not-understood', status };
  const credentials = {
    ...answer.data,
    url: url.href,
    enrolledAt: instant(clock.now()),
    key,
    ...(trusted ? { trusted: trustedNext(trusted, credential.authority) } : {}),
  };
  keepCredentials(dataDir, credentials);
  return { credentials };
}
