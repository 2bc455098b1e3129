import { timingSafeEqual } from 'node:crypto';
import { Outage } from '#domain/errors.ts';
import type { SourceId } from '#domain/ids.ts';
import { type Clock, instant, within } from '#runtime/clock.ts';
import { supersedeBefore } from '#runtime/records/certificates.ts';
import type { Records } from '#runtime/records/connect.ts';
import { type Credential, findCredentials } from '#runtime/records/sources.ts';
import type { Proof } from './sessions.ts';

/** What was read is believed so long; a session that lives longer is looked at again by the broker. */
export const believedMs = 30_000;
/** A refusal may be out of date (just enrolled, new token): it is looked up again this much sooner. */
const refusalBelievedMs = 2_000;
const rememberedSources = 50_000;
const sourcesPerQuery = 1_000;
const queryMs = 5_000;

export type Verdict = 'yes' | 'wrong' | 'revoked';

/**
 * Whether a source is who it says. Homes come back all at once after a power cut: those that ask while a query is under way
 * share the next one, so PostgreSQL sees a few queries instead of ten thousand.
 */
export function createCredentials(deps: { records: Records; clock: Clock }) {
  const { records, clock } = deps;
  const remembered = new Map<SourceId, { credential: Credential | undefined; readAt: number }>();
  type Asker = { resolve: (credential: Credential | undefined) => void; reject: (fault: Outage) => void };
  let asked = new Map<SourceId, Asker[]>();
  let asking = false;

  return {
    /** What is known of it without a look into the records. */
    known(source: SourceId, proof: Proof): Verdict | undefined {
      const known = remembered.get(source);
      const ageMs = known ? clock.now() - known.readAt : Number.POSITIVE_INFINITY;
      if (!known || ageMs < 0 || ageMs >= believedMs) return undefined;
      const verdict = signedIn(source, known.credential, proof);
      // one that our authority has signed and that is not known may have been issued just now: its box renews, and comes at once
      if (verdict === 'wrong' && proof.kind === 'certificate') return undefined;
      return verdict === 'yes' || ageMs < refusalBelievedMs ? verdict : undefined;
    },
    /** @throws Outage `records-away` when it cannot be looked up. */
    lookUp: async (source: SourceId, proof: Proof): Promise<Verdict> => signedIn(source, await lookUp(source), proof),
    /** Which of these may no longer be connected: revoked, or signed in with what was replaced or has ended since. @throws Outage */
    async endedAmong<Session extends { source: SourceId; proof: Proof }>(sessions: Session[]): Promise<Session[]> {
      const ended: Session[] = [];
      for (let at = 0; at < sessions.length; at += sourcesPerQuery) {
        const some = sessions.slice(at, at + sourcesPerQuery);
        const found = await read(some.map(({ source }) => source));
        ended.push(...some.filter(({ source, proof }) => judge(found.get(source), proof) !== 'yes'));
      }
      return ended;
    },
  };

  /** A source that shows its new certificate needs those before it no more. Where that cannot be noted now, the next sign-in does. */
  function signedIn(source: SourceId, credential: Credential | undefined, proof: Proof): Verdict {
    const verdict = judge(credential, proof);
    if (verdict === 'yes' && proof.kind === 'certificate' && (credential?.certificates.size ?? 0) > 1)
      supersedeBefore(records, { source, fingerprint: proof.hash, at: instant(clock.now()) }).catch(() => {});
    return verdict;
  }

  function lookUp(source: SourceId): Promise<Credential | undefined> {
    return new Promise((resolve, reject) => {
      const askers = asked.get(source) ?? [];
      askers.push({ resolve, reject });
      asked.set(source, askers);
      if (!asking) void ask();
    });
  }

  async function ask(): Promise<void> {
    asking = true;
    while (asked.size > 0) {
      const now = [...asked].slice(0, sourcesPerQuery);
      asked = new Map([...asked].slice(sourcesPerQuery));
      try {
        const found = await read(now.map(([source]) => source));
        for (const [source, askers] of now) for (const asker of askers) asker.resolve(found.get(source));
      } catch (fault) {
        for (const [, askers] of now) for (const asker of askers) asker.reject(fault as Outage);
      }
    }
    asking = false;
  }

  async function read(sources: SourceId[]): Promise<Map<SourceId, Credential>> {
    const away = (cause?: unknown) => new Outage('records-away', 'PostgreSQL does not answer', { retry: true, cause });
    const found = await within(clock, queryMs, findCredentials(records, sources), away).catch((cause) => {
      throw cause instanceof Outage ? cause : away(cause);
    });
    for (const source of sources) {
      remembered.delete(source);
      remembered.set(source, { credential: found.get(source), readAt: clock.now() });
    }
    // a map keeps the order of insertion: its first keys were read longest ago
    for (const source of remembered.keys()) {
      if (remembered.size <= rememberedSources) break;
      remembered.delete(source);
    }
    return found;
  }
}

export type Credentials = ReturnType<typeof createCredentials>;

const nobody = Buffer.alloc(32);

/** A token's hash is compared with that of a token only: whoever knows a certificate knows its fingerprint. */
function judge(credential: Credential | undefined, { kind, hash }: Proof): Verdict {
  const right = kind === 'certificate' ? credential?.certificates.has(hash) : isSame(credential?.secretHash, hash);
  if (!credential || !right) return 'wrong';
  return credential.revoked ? 'revoked' : 'yes';
}

function isSame(secretHash: string | null | undefined, hash: string): boolean {
  const expected = secretHash ? Buffer.from(secretHash, 'hex') : nobody;
  return expected.length === nobody.length && timingSafeEqual(Buffer.from(hash, 'hex'), expected);
}
