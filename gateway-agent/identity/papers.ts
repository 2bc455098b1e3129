import { X509Certificate } from 'node:crypto';
import { EnrolmentAnswer, renewalFaults } from '#domain/enrolment.ts';
import { Outage, SetupFault } from '#domain/errors.ts';
import { backOffMs } from '#runtime/back-off.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Random } from '#runtime/random.ts';
import type { Credential, SignIn } from '../uplink/connection.ts';
import { type Credentials, keepCredentials, readCredentials } from './credentials.ts';
import { credentialOf } from './identity.ts';
import { isFor, newKey, renewalOf, requestFor } from './keys.ts';
import { askPlatform, trustedNext } from './platform.ts';

/**
 * The certificate with which this box signs in, renewed by itself when a third of its time is left, each time with a new key. The new one is on disk
 * before it is used, and the old one stays there until the broker has taken the new: whatever is lost, the answer or the power, one of them lets it in.
 */
export interface Papers extends SignIn {
  /**
   * @param serverNow the server's time as far as it is known, ms. @param renewed there is another one to sign in with, at once. @param changed `standing`
   * is another.
   */
  begin(on: { serverNow: () => number; renewed: () => void; changed: () => void }): void;
  end(): Promise<void>;
  standing(): PapersStanding;
}

export type PapersStanding = {
  /** When the certificate ends, ms since 1970. */
  notAfter: number;
  /** Why it could not be renewed when that was last tried; a code. Undefined: it was not tried, or went well. */
  trouble?: string;
};

export const paperLimits = {
  /** Renewed when this part of its time is left. */
  part: 1 / 3,
  /** Whether it is due is looked at so often: the time may have been set meanwhile. */
  lookMs: 10 * 60_000,
  /** When it could not be renewed, and between two renewals. */
  backOff: { firstMs: 60_000, mostMs: 60 * 60_000 },
  /** Where the broker took the former certificate and not the new one, it is offered the new one again after so long. */
  offerAgainMs: 2 * 60_000,
};
export type PaperLimits = typeof paperLimits;

export function openPapers(
  { clock, random, log }: { clock: Clock; random: Random; log: Log },
  dataDir: string,
  enrolled: Credentials,
  limits: PaperLimits = paperLimits,
): Papers {
  let kept = enrolled;
  let offersFormer = false;
  let trouble: string | undefined;
  let work = { serverNow: () => clock.now(), renewed: () => {}, changed: () => {} };
  let attending = Promise.resolve();
  let stopOffering = () => {};
  const ending = new AbortController();

  const newest = () => credentialOf(kept);
  const former = () => kept.former && credentialOf({ ...kept, ...kept.former });
  const current = () => (offersFormer ? former() : undefined) ?? newest();
  /** Of the certificate that lets us in: where that is the former one, it must not end while the new one, which nobody takes, is still good for weeks. */
  const dueAt = () => {
    const { renewedAt: _, ...before } = kept;
    return renewalAt(offersFormer && kept.former ? { ...before, ...kept.former } : kept, limits.part);
  };

  const keep = (next: Credentials) => {
    // whoever enrolled the box anew while it ran has the last word
    const onDisk = readCredentials(dataDir);
    if (onDisk && onDisk.enrolledAt !== kept.enrolledAt)
      throw new SetupFault('This box was enrolled anew since it was started: restart it.');
    keepCredentials(dataDir, next);
    kept = next;
  };

  const renew = async () => {
    const { source, url, trusted } = kept;
    // the one that the broker takes, so that the platform knows it, too
    const signer = current().certificate;
    if (!signer) throw new Error('there is no certificate to renew');
    const key = await newKey();
    const body = renewalOf(signer, await requestFor(key), instant(work.serverNow()));
    const asked = await askPlatform(clock, new URL(url), { method: 'POST', path: '/api/v1/renewals', body, trusted });
    const answer = EnrolmentAnswer.safeParse(asked.json);
    if (asked.status !== 200 || !answer.success) {
      const { code } = (asked.json ?? {}) as { code?: unknown };
      throw new Outage(renewalFaults.find((one) => one === code) ?? 'platform-away', `status ${asked.status}`);
    }
    const { credential, mqttUrl } = answer.data;
    if (credential.kind !== 'certificate' || answer.data.source !== source || !isFor(credential.certificate, key))
      throw new Outage('answer-wrong', 'it is not what was asked for');
    keep({
      ...kept,
      // where TLS is not spoken a certificate cannot be shown: a platform that was set up wrongly for an hour must not keep us away until the next renewal
      ...(new URL(mqttUrl).protocol === 'mqtts:' ? { mqttUrl } : {}),
      credential,
      key,
      renewedAt: instant(work.serverNow()),
      former: (offersFormer ? kept.former : undefined) ?? { key: kept.key, credential: kept.credential },
      ...(trusted ? { trusted: trustedNext(trusted, credential.authority) } : {}),
    });
    offersFormer = false;
  };

  const attend = async () => {
    const sleep = (ms: number) => clock.sleep(ms, ending.signal);
    for (let failures = 0; ; ) {
      const dueMs = dueAt() - work.serverNow();
      if (dueMs > 0) {
        await sleep(Math.min(dueMs, limits.lookMs));
        continue;
      }
      const another = offersFormer;
      try {
        await renew();
        // one new certificate after the other may be of no use
        failures = another ? failures + 1 : 0;
        trouble = undefined;
        log.info('the certificate was renewed', { notAfter: instant(notAfterOf(kept)) });
        work.renewed();
      } catch (fault) {
        trouble = fault instanceof Outage ? fault.code : 'not-kept';
        log.warn('the certificate could not be renewed', {
          ...faultDetails(fault),
          notAfter: instant(notAfterOf(kept)),
        });
        failures += 1;
        work.changed();
      }
      await sleep(backOffMs(Math.max(0, failures - 1), limits.backOff, random));
    }
  };

  return {
    current,
    accepted: (credential) => {
      stopOffering();
      if (!kept.former) return;
      if (isSame(credential, newest())) {
        const { former: _, ...rest } = kept;
        try {
          keep(rest);
        } catch (fault) {
          log.warn('the former certificate could not be given up, it stays on disk', faultDetails(fault));
        }
        return;
      }
      stopOffering = clock.after(limits.offerAgainMs, () => {
        offersFormer = false;
        work.renewed();
      });
    },
    refused: (credential) => {
      offersFormer = kept.former !== undefined && isSame(credential, newest());
    },
    begin: (on) => {
      work = on;
      attending = attend().catch((fault) => {
        if (!ending.signal.aborted) throw fault;
      });
    },
    end: async () => {
      stopOffering();
      ending.abort();
      await attending;
    },
    standing: () => ({ notAfter: notAfterOf(kept), ...(trouble === undefined ? {} : { trouble }) }),
  };
}

/** For what does not change while the process lives: a token. */
export const fixed = (credential: Credential): SignIn => ({
  current: () => credential,
  accepted: () => {},
  refused: () => {},
});

export const notAfterOf = ({ credential }: Credentials): number =>
  credential.kind === 'certificate' ? Date.parse(credential.notAfter) : Number.POSITIVE_INFINITY;

/** From when on it is renewed, ms since 1970. Authorities date a certificate back, so its time begins when it was given to us. */
export function renewalAt(kept: Credentials, part: number): number {
  if (kept.credential.kind !== 'certificate') return Number.POSITIVE_INFINITY;
  const from = new X509Certificate(kept.credential.certificate).validFromDate.getTime();
  const notAfter = notAfterOf(kept);
  const given = Date.parse(kept.renewedAt ?? kept.enrolledAt);
  // by a clock that was wrong
  const since = given > from && given < notAfter ? given : from;
  return notAfter - (notAfter - since) * part;
}

const isSame = (one: Credential, other: Credential): boolean =>
  one.certificate?.certificate === other.certificate?.certificate;
