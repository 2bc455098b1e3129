import type { Clock } from '#runtime/clock.ts';
import type { DeviceNotes, Fetched } from '../outbox/device-notes.ts';
import type { Profile, RecordAccess } from '../profiles/profile.ts';
import { beginFetch, type Goal, type Happening, next, type Outcome, racpLimits } from '../profiles/racp.ts';
import { type Link, RadioFault } from '../radio/radio.ts';
import { sigUuid } from '../radio/uuid.ts';
import type { Hearing } from './hearing.ts';
import { createInbox } from './inbox.ts';
import { visitLimits } from './limits.ts';
import { isGone } from './questions.ts';

type Deps = { link: Link; hearing: Hearing; notes: DeviceNotes; clock: Clock; quit: AbortSignal };

/**
 * Fetches what a device of this profile has measured since it was last asked. Its measurements and its control point must have been subscribed
 * to. How far it came is noted when every record of it is on disk, and not otherwise; nor where it broke off and only what is missing could say
 * when the others were measured.
 */
export async function fetchRecords(
  deps: Deps,
  device: string,
  profile: Profile,
  records: RecordAccess,
): Promise<Outcome> {
  const { hearing, notes } = deps;
  const numbering = numberingIn(hearing, profile, records);
  const spacing = await spacingOf(deps, profile, records);
  const isLive = profile.measurements.some((m) => m.lasting);
  for (let tries = 1; ; tries++) {
    const goal = {
      ...notes.of(device)?.fetched?.[profile.name],
      ...(spacing === undefined ? {} : { spacing }),
      ...(isLive ? { live: true } : {}),
    };
    // a device that never brings what it announces is taken as it is, in the end
    const asked = { numbering, isStrict: tries < visitLimits.fetchTries };
    const outcome = await converse(deps, profile, records, goal, asked);
    const isTold = outcome.end === 'complete' || hearing.canPlace(profile);
    if (hearing.isKept() && isTold && numbering !== undefined) {
      const { cursor, run } = outcome;
      const mine: Fetched = { ...(cursor ? { cursor } : {}), ...(run ? { run } : {}) };
      const others = notes.of(device)?.fetched;
      notes.note(device, { fetched: { ...others, [profile.name]: mine } });
    }
    // a device takes for told what got lost on the way, and may not call again until it has something new
    if (outcome.why !== 'fewer-than-counted' || tries === visitLimits.fetchTries) return outcome;
  }
}

/** By what this numbering is told from another; undefined where it should be known and is not: then there is nothing to stand on. */
function numberingIn(hearing: Hearing, profile: Profile, { numbering }: RecordAccess): string | undefined {
  if (numbering === undefined) return '';
  const read = hearing.reads(profile).findLast(({ characteristic }) => characteristic === numbering);
  return read && `${Buffer.from(read.bytes).toString('hex')} `;
}

/** The minutes between two records, where a device tells. */
async function spacingOf(
  { link, hearing, clock }: Deps,
  profile: Profile,
  { spacing }: RecordAccess,
): Promise<number | undefined> {
  const service = sigUuid(profile.service);
  if (!spacing || !link.has(service, sigUuid(spacing.characteristic))) return undefined;
  const inbox = createInbox<Buffer>(clock);
  const leave = hearing.listen(profile.service, spacing.characteristic, inbox.put);
  try {
    await link.subscribe(service, sigUuid(spacing.characteristic));
    const request = Buffer.from(spacing.request(hearing.reads(profile)));
    await link.write(service, sigUuid(spacing.characteristic), request);
    const answer = await inbox.next(visitLimits.answerMs);
    return answer === 'late' ? undefined : spacing.decode(answer);
  } catch (fault) {
    if (isGone(fault)) throw fault;
    return undefined;
  } finally {
    leave();
  }
}

/** Does what the dialogue says until it is over. */
async function converse(
  { link, hearing, clock, quit }: Deps,
  profile: Profile,
  records: RecordAccess,
  goal: Goal,
  { numbering = '', isStrict }: { numbering: string | undefined; isStrict: boolean },
): Promise<Outcome> {
  const inbox = createInbox<Happening>(clock);
  const { companion } = records;
  const hasCompanions = companion && link.has(sigUuid(profile.service), sigUuid(companion.characteristic));
  let announcing: (Happening & { is: 'record' }) | undefined;
  const arrive = (torn: boolean) => {
    if (announcing) inbox.put({ ...announcing, torn: torn && isStrict });
    announcing = undefined;
  };
  const leave = () => inbox.put({ is: 'leave' });
  const endings = [
    hearing.listen(profile.service, records.characteristic, (bytes) => {
      arrive(true);
      inbox.put({ is: 'answer', bytes });
    }),
    hearing.listen(profile.service, records.record, (bytes) => {
      arrive(true);
      for (const { number, witness } of records.numbered(bytes)) {
        const record = { is: 'record', number, witness: `${numbering}${witness}` } as const;
        if (hasCompanions && companion.announced(bytes)) announcing = record;
        else inbox.put(record);
      }
    }),
    ...(hasCompanions
      ? [
          hearing.listen(profile.service, companion.characteristic, (bytes) => {
            if (companion.of(bytes) === announcing?.number) arrive(false);
          }),
        ]
      : []),
    clock.after(visitLimits.fetchMs, leave),
    () => quit.removeEventListener('abort', leave),
  ];
  void link.ended.then(() => inbox.put({ is: 'link-lost' }));
  quit.addEventListener('abort', leave);
  if (quit.aborted) leave();
  try {
    let step = beginFetch(goal);
    while (!step.outcome) {
      const refusal = step.write && (await write(link, profile, records, step.write));
      const happening = refusal ?? (await inbox.next(waitMs(step.waitMs, quit)));
      step = next(step.state, happening === 'late' ? { is: 'late' } : happening);
    }
    return step.outcome;
  } finally {
    for (const end of endings) end();
  }
}

const waitMs = (ms: number = racpLimits.answerMs, quit: AbortSignal): number =>
  quit.aborted ? Math.min(ms, visitLimits.leaveMs) : ms;

/** ATT: procedure already in progress. Source: Bluetooth Core Specification Supplement. */
const inProgress = 0xfe;
/** ATT: unlikely error, for a refusal whose reason the system below did not tell. */
const unlikely = 0x0e;

async function write(
  link: Link,
  profile: Profile,
  { characteristic }: RecordAccess,
  bytes: Uint8Array,
): Promise<Happening | undefined> {
  try {
    await link.write(sigUuid(profile.service), sigUuid(characteristic), Buffer.from(bytes));
    return undefined;
  } catch (fault) {
    if (isGone(fault)) return { is: 'link-lost' };
    if (!(fault instanceof RadioFault)) throw fault;
    if (fault.code === 'late') return { is: 'late' };
    return { is: 'refused', att: fault.att ?? (fault.code === 'busy' ? inProgress : unlikely) };
  }
}
