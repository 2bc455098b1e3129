import { AuthorityPin, isPinned, shownPin } from '#domain/enrolment.ts';
import { SetupFault } from '#domain/errors.ts';
import { readAuthorities, succeedAuthority, trustedOf } from '../../authority/authority-file.ts';
import { endOf, fingerprintOf } from '../../authority/certificates.ts';
import { passphraseFrom } from '../../authority/passphrase.ts';
import { instant } from '../../clock.ts';
import { audit } from '../../records/audit.ts';
import { certificatesOf, revokeCertificate } from '../../records/certificates.ts';
import { readSecrets } from '../../secrets.ts';
import { knownSource, shownInstant } from './naming.ts';
import type { Operator } from './operator.ts';
import { type Said, sayInstead } from './words.ts';

/** Certificates, and the authority that signs them. Each answers what is printed. */

const certificatesAtMost = 50;

export async function certificates({ records, clock }: Operator, said: Said): Promise<string[]> {
  const { id } = await knownSource(records, said.rest[0] ?? '');
  const found = await certificatesOf(records, id, { limit: certificatesAtMost });
  if (found.length === 0) return [`${id} has no certificate: it has not enrolled yet, or signs in with a password.`];
  return found.flatMap(({ fingerprint, issuedAt, notAfter, revokedAt }) => {
    const hasEnded = Date.parse(notAfter) <= clock.now();
    const how = revokedAt
      ? `withdrawn ${shownInstant(revokedAt)}`
      : `${hasEnded ? 'ended' : 'in force until'} ${shownInstant(notAfter)}`;
    return [fingerprint, `  given ${shownInstant(issuedAt)}, ${how}`];
  });
}

/** One of several that a source has; the source itself stays. @param typed the beginning of its fingerprint */
export async function revokeOne({ records, by, clock }: Operator, source: string, typed: string): Promise<string[]> {
  const { id } = await knownSource(records, source);
  const pin = AuthorityPin.safeParse(typed);
  const [found] = pin.success
    ? (await certificatesOf(records, id, { limit: certificatesAtMost })).filter(({ fingerprint }) =>
        isPinned(pin.data, fingerprint),
      )
    : [];
  if (!found)
    throw new SetupFault(
      `${id} has no such certificate: "npm run home -- certificates ${id}" shows all; say at least 32 digits.`,
    );
  const { fingerprint } = found;
  if (!(await revokeCertificate(records, { source: id, fingerprint, at: instant(clock.now()), by })))
    throw new SetupFault('This certificate was withdrawn before.');
  return [
    `Nobody is let in with this certificate any more; who is, is disconnected within a minute. ${id} itself may enrol anew.`,
  ];
}

export async function authority({ records, by, clock, config }: Operator, said: Said): Promise<string[]> {
  const { DATA_DIR, CERTIFICATE_DAYS: clientDays } = config;
  const [what = 'show'] = said.rest;
  if (what === 'show') return shownAuthorities(DATA_DIR, clock.now());
  if (what !== 'new' && what !== 'stolen') throw sayInstead('authority');
  const { passphrase } = passphraseFrom(config, readSecrets(DATA_DIR).authorityPassphrase);
  await succeedAuthority(DATA_DIR, passphrase, { now: clock.now(), clientDays, atOnce: what === 'stolen' });
  const fingerprint = fingerprintOf(readAuthorities(DATA_DIR)?.at(-1)?.certificate ?? '');
  await audit(records, { by, action: 'authority-succeeded', detail: { fingerprint, atOnce: what === 'stolen' } });
  return [
    what === 'new'
      ? `Another authority signs within a minute. Boxes go over to it as they renew; the former one is trusted for ${clientDays + 1} more days.`
      : 'Another authority signs within a minute, and the former one is trusted no more: every box must be enrolled anew.',
    ...shownAuthorities(DATA_DIR, clock.now()),
  ];
}

function shownAuthorities(folder: string, now: number): string[] {
  const kept = readAuthorities(folder);
  if (!kept)
    throw new SetupFault(`There is no authority in ${folder} yet: start the platform first ("npm run serve").`);
  return trustedOf(kept, now).flatMap(({ certificate, trustedUntil }) => [
    `${shownPin(fingerprintOf(certificate))}  ${trustedUntil ? 'was succeeded' : 'signs'}`,
    `  SHA-256 ${fingerprintOf(certificate)}`,
    `  trusted until ${shownInstant(trustedUntil ?? instant(endOf(certificate)))}`,
  ]);
}
