import type { PatientId } from '#domain/ids.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import { audit } from '#runtime/records/audit.ts';
import type { Records, Within } from '#runtime/records/connect.ts';
import { eraseFromRecords } from '#runtime/records/erase.ts';
import {
  type ErasedParts,
  type ErasurePart,
  erasureParts,
  openErasures,
  recordErased,
} from '#runtime/records/erasures.ts';
import type { Service } from '#runtime/service.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { createRounds } from './rounds.ts';

type Deps = { records: Records; store: VitalsStore; clock: Clock; log: Log };
type Open = Awaited<ReturnType<typeof openErasures>>[number];

/**
 * Erases patients who asked for it (`askErasure`), part by part; each part that is done is on record, so that whoever dies, or finds a
 * server away, goes on where it stopped.
 *
 * All parts are gone through twice, the second time when whoever had a reading of theirs in hand at the marking has ended. And a batch of readings that
 * waited for the vitals store longer than that opens it again when it gets there (`reopenErasures`).
 */
export function createErasures(deps: Deps, config: { everyMs?: number; settleMs?: number } = {}): Service {
  const { records, clock } = deps;
  const log = deps.log.child({ service: 'erasures' });
  const { everyMs = usualEveryMs, settleMs = usualSettleMs } = config;

  async function round(signal: AbortSignal): Promise<void> {
    const faults: unknown[] = [];
    for (const open of await openErasures(records)) {
      if (signal.aborted) return;
      if (open.keep_until && open.keep_until.getTime() > clock.now()) continue;
      // what cannot be done for one is no reason to keep another
      await goThrough(open, signal).catch((fault: unknown) => faults.push(fault));
    }
    if (faults.length > 0) throw faults[0];
  }

  async function goThrough(open: Open, signal: AbortSignal): Promise<void> {
    const patient = open.patient_id;
    // what was done before this does not count any more
    const since = Math.max(
      open.asked_at.getTime(),
      open.reopened_at?.getTime() ?? 0,
      open.first_pass_at ? open.first_pass_at.getTime() + settleMs : 0,
    );
    if (open.first_pass_at && clock.now() <= since) return;
    for (const part of erasureParts) {
      const done = open.parts[part];
      if (done && Date.parse(done.at) >= since) continue;
      if (signal.aborted) return;
      await erasePart(patient, part, open.parts);
    }
    const second = open.first_pass_at !== null;
    await records.transaction().execute(async (db) => {
      const noted = await db
        .updateTable('erasure')
        .set(second ? { done_at: new Date(clock.now()) } : { first_pass_at: new Date(clock.now()) })
        .where('patient_id', '=', patient)
        // somebody may have opened it again meanwhile
        .where('reopened_at', 'is not distinct from', open.reopened_at)
        .returning('patient_id')
        .executeTakeFirst();
      if (noted && second) await audit(db, { by: open.asked_by, action: 'patient-erased', outcome: 'done', patient });
    });
    if (second) log.info('a patient was erased');
  }

  async function erasePart(patient: PatientId, part: ErasurePart, before: ErasedParts): Promise<void> {
    const note = (db: Within, removal: { removed: number | null } | { cannot: string }) =>
      recordErased(db, patient, part, before[part], removal, instant(clock.now()));
    if (part === 'readings') return note(records, await deps.store.erase(patient));
    await records.transaction().execute(async (db) => note(db, { removed: await eraseFromRecords[part](db, patient) }));
  }

  return createRounds(deps, {
    name: 'erasures',
    everyMs,
    round,
    onFault: (fault) => log.warn('erasing waits', faultDetails(fault)),
  });
}

const usualEveryMs = 15_000;
/** No transaction of ours takes longer than a query may: 30 s each, and a batch has a few. */
const usualSettleMs = 3 * 60_000;
