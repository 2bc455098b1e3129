import { createHash, randomBytes } from 'node:crypto';
import type { CareTeam, Clinician } from '#domain/people.ts';
import { clinicianOf, teamsOf } from './clinicians.ts';
import type { Within } from './connect.ts';

/**
 * Who is signed in. The browser holds a random token, the database its SHA-256: whoever reads a backup can sign in as nobody.
 * Limits of a session after OWASP ASVS 5.0 7.3 for sensitive applications.
 */
export const idleMs = 30 * 60_000;
export const absoluteMs = 12 * 3_600_000;
/** Use is noted no finer than this, which spares a write per request. */
const notedEveryMs = 60_000;
/** A clinician who signs in on more screens than this is signed out where they have not been for longest. */
export const sessionsAtMost = 20;
/** Sessions that are over go when somebody signs in. */
const sweptAtOnce = 1_000;

export type SignedIn = {
  clinician: Clinician;
  teams: CareTeam[];
  /** Names the session, opens nothing: SHA-256 of the token. */
  session: string;
  /** When the session ends if nobody does anything more. */
  expiresAt: string;
};

/** A new session; the token is shown this once. @param now ms since 1970. */
export async function openSession(db: Within, clinician: Clinician, now: number): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await db
    .deleteFrom('session')
    .where('token_hash', 'in', (eb) =>
      eb
        .selectFrom('session')
        .select('token_hash')
        .where((over) =>
          over.or([over('expires_at', '<=', new Date(now)), over('seen_at', '<=', new Date(now - idleMs))]),
        )
        .limit(sweptAtOnce)
        // two who sign in at once sweep different ones
        .forUpdate()
        .skipLocked(),
    )
    .execute();
  await db
    .insertInto('session')
    .values({
      token_hash: hashOf(token),
      clinician_id: clinician.id,
      created_at: new Date(now),
      seen_at: new Date(now),
      expires_at: new Date(now + absoluteMs),
    })
    .execute();
  await db
    .deleteFrom('session')
    .where('token_hash', 'in', (eb) =>
      eb
        .selectFrom('session')
        .select('token_hash')
        .where('clinician_id', '=', clinician.id)
        .orderBy('seen_at', 'desc')
        .orderBy('created_at', 'desc')
        .offset(sessionsAtMost),
    )
    .execute();
  return token;
}

/**
 * Whoever holds this token; undefined when it is unknown, over, or its clinician may not sign in any more.
 * @param byPerson only what somebody does is noted as use: a screen nobody touches must not stay signed in because it asks.
 */
export async function whoHolds(
  db: Within,
  token: string,
  now: number,
  byPerson: boolean,
): Promise<SignedIn | undefined> {
  const found = await findSession(db, hashOf(token), now);
  if (!found) return undefined;
  if (!byPerson || now - found.seenAt < notedEveryMs) return found.signedIn;
  await db
    .updateTable('session')
    .set({ seen_at: new Date(now) })
    .where('token_hash', '=', found.signedIn.session)
    .execute();
  return { ...found.signedIn, expiresAt: endOf(now, found.expiresAt) };
}

/** The same for an open stream, which is no use either. */
export async function checkSession(db: Within, session: string, now: number): Promise<SignedIn | undefined> {
  return (await findSession(db, session, now))?.signedIn;
}

/** Signs out. Answers the session's name, or undefined when there was none. */
export async function closeSession(db: Within, token: string): Promise<string | undefined> {
  const session = hashOf(token);
  const closed = await db.deleteFrom('session').where('token_hash', '=', session).returning('token_hash').execute();
  return closed.length > 0 ? session : undefined;
}

async function findSession(db: Within, session: string, now: number) {
  const row = await db
    .selectFrom('session')
    .innerJoin('clinician', 'clinician.id', 'session.clinician_id')
    .where('session.token_hash', '=', session)
    .where('session.expires_at', '>', new Date(now))
    .where('session.seen_at', '>', new Date(now - idleMs))
    .where('clinician.disabled_at', 'is', null)
    .select(['session.seen_at', 'session.expires_at'])
    .select(['clinician.id', 'clinician.email', 'clinician.name', 'clinician.role', 'clinician.language'])
    .executeTakeFirst();
  if (!row) return undefined;
  const [seenAt, expiresAt] = [row.seen_at.getTime(), row.expires_at.getTime()];
  const signedIn: SignedIn = {
    clinician: clinicianOf(row),
    teams: await teamsOf(db, row.id),
    session,
    expiresAt: endOf(seenAt, expiresAt),
  };
  return { signedIn, seenAt, expiresAt };
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
const endOf = (seenAt: number, expiresAt: number): string =>
  new Date(Math.min(seenAt + idleMs, expiresAt)).toISOString();
