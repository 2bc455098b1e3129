import { join } from 'node:path';
import type { EnrolmentCode } from '#domain/enrolment.ts';
import { SetupFault } from '#domain/errors.ts';
import type { SourceId } from '#domain/ids.ts';
import { fingerprintOf } from '#runtime/authority/certificates.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Log } from '#runtime/log.ts';
import type { Random } from '#runtime/random.ts';
import type { Actor } from '#runtime/records/actor.ts';
import type { Records } from '#runtime/records/connect.ts';
import { issueCode } from '#runtime/records/enrolment-codes.ts';
import { type Credential, findCredentials, findSource, hashToken } from '#runtime/records/sources.ts';
import { type Credentials, readCredentials } from '../../gateway-agent/identity/credentials.ts';
import { enrolBox } from '../../gateway-agent/identity/enrolment.ts';
import { credentialOf } from '../../gateway-agent/identity/identity.ts';
import { fixed, openPapers } from '../../gateway-agent/identity/papers.ts';
import type { SignIn } from '../../gateway-agent/uplink/connection.ts';
import { residents } from './people.ts';

/**
 * How the homes of the neighbourhood become sources: as any box, by a code over the API, with a key of their own that never leaves their folder. Those that
 * the platform lets in already keep what they have; those that somebody revoked stay empty.
 */
export type Codes = Record<string, EnrolmentCode>;

/** @param folder of the homes. @returns codes for those that must enrol, and those that were revoked. */
export async function codesFor(
  { records, clock }: { records: Records; clock: Clock },
  folder: string,
  by: Actor,
): Promise<{ codes: Codes; revoked: SourceId[] }> {
  const sources = residents.map(({ home }) => home.source);
  const known = await findCredentials(records, sources);
  const codes: Codes = {};
  const revoked: SourceId[] = [];
  for (const source of sources)
    if ((await findSource(records, source))?.revokedAt) revoked.push(source);
    else if (!isLetIn(known.get(source), keptIn(folder, source)))
      codes[source] = (await issueCode(records, { source, by, now: clock.now() })).code;
  return { codes, revoked };
}

/** With what the home signs in from now on; renewed by itself where it is a certificate. */
export async function signInOf(
  deps: { clock: Clock; random: Random; log: Log },
  { folder, url, code, source, wants }: Entrance,
): Promise<{ signIn: SignIn; papers?: ReturnType<typeof openPapers> }> {
  const dataDir = join(folder, source);
  if (code) {
    const enrolled = await enrolBox(deps.clock, { url: new URL(url), code, wants, dataDir });
    if ('fault' in enrolled) throw new SetupFault(`${source} could not be enrolled (${enrolled.fault}).`);
  }
  const kept = readCredentials(dataDir);
  if (!kept) throw new SetupFault(`${source} has neither a code nor credentials.`);
  if (kept.credential.kind === 'token') return { signIn: fixed(credentialOf(kept)) };
  const papers = openPapers(deps, dataDir, kept);
  return { signIn: papers, papers };
}

export type Entrance = {
  folder: string;
  /** Of the platform, for who lives on this machine. */
  url: string;
  code: EnrolmentCode | undefined;
  source: SourceId;
  wants: 'certificate' | 'token';
};

/** What is damaged is enrolled anew. */
function keptIn(folder: string, source: SourceId): Credentials | undefined {
  try {
    return readCredentials(join(folder, source));
  } catch {
    return undefined;
  }
}

function isLetIn(known: Credential | undefined, kept: Credentials | undefined): boolean {
  if (!known || !kept) return false;
  if (kept.credential.kind === 'token') return hashToken(kept.credential.token) === known.secretHash;
  return [kept.credential, kept.former?.credential].some(
    (one) => one?.kind === 'certificate' && known.certificates.has(fingerprintOf(one.certificate)),
  );
}
