import { Outage } from '#domain/errors.ts';
import type { PatientId } from '#domain/ids.ts';
import { isContinuous, vitalsOf } from '#domain/vitals.ts';
import { dayNumberIn } from '#domain/zone.ts';
import { backOffMs } from '#runtime/back-off.ts';
import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import { recordsAway } from '#runtime/records/away.ts';
import type { Records } from '#runtime/records/connect.ts';
import { measuredPatients, type Past, pastsOf } from '#runtime/records/pasts.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import { heardIn } from '../intake.ts';
import type { Histories } from './histories.ts';
import { insertReading, type Kept } from './history.ts';
import type { KnownPatients } from './known-patients.ts';

type Deps = {
  records: Records;
  store: Pick<VitalsStore, 'read'>;
  histories: Histories;
  patients: KnownPatients;
  clock: Clock;
  log: Log;
  /** What has been judged is in the store: what was read before might lack the latest. */
  isRecorded(): boolean;
  /** The past of these is there: what was not judged for want of it can be. */
  onRebuilt(patients: readonly PatientId[]): Promise<void>;
};

/**
 * `waits`: for the recorder or for the store. How many there are is not known before all were gone through. `patients`: whose history is there.
 * `failed`: whose is not, and why stands in the log.
 */
export type Progress = { state: 'waits' | 'under-way' | 'done'; patients: number; failed: number };

/**
 * Rebuilds the histories from the store after a start, patient by patient, those with live readings first. What needs no history is judged meanwhile;
 * while the store or PostgreSQL is away it waits and tries again, less and less often.
 */
export function createWarmUp(
  deps: Deps,
  config: { kept: Kept; shards: readonly number[] | undefined },
): { start(): void; stop(): Promise<void>; progress(): Progress } {
  const { records, store, histories, patients, clock } = deps;
  const log = deps.log.child({ service: 'rules' });
  const ending = new AbortController();
  const progress: Progress = { state: 'waits', patients: 0, failed: 0 };
  const failed = new Set<PatientId>();
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    while (!deps.isRecorded()) await clock.sleep(lookAgainMs, ending.signal);
    progress.state = 'under-way';
    let after: PatientId | undefined;
    let last = false;
    while (!ending.signal.aborted) {
      const live = histories
        .incomplete()
        .filter((patient) => !failed.has(patient))
        .slice(0, atOnce);
      if (live.length > 0) await rebuildAll(live);
      else if (last) break;
      const query = { after, shards: config.shards, limit: atOnce };
      const page: readonly PatientId[] = last ? [] : await patiently(() => measuredPatients(records, query));
      last ||= page.length < atOnce;
      after = page.at(-1) ?? after;
      await rebuildAll(page.filter((patient) => !histories.isComplete(patient)));
    }
    if (ending.signal.aborted) return;
    histories.completeAll();
    progress.state = 'done';
    log.info('the histories of all patients are there', { patients: progress.patients });
  }

  async function rebuildAll(some: readonly PatientId[]): Promise<void> {
    if (some.length === 0) return;
    const [pasts, known] = await patiently(
      async () => [await pastsOf(records, some), await patients.of(some)] as const,
    );
    const pastOf = new Map(pasts.map((past) => [past.patient, past]));
    const waiting = [...some];
    const rebuilt: PatientId[] = [];
    await Promise.all(
      Array.from({ length: sideBySide }, async () => {
        for (let patient = waiting.shift(); patient && !ending.signal.aborted; patient = waiting.shift()) {
          const timeZone = known.get(patient)?.team.timeZone;
          const past = pastOf.get(patient);
          if (!timeZone) histories.forget(patient);
          else if (!past || (await rebuilds(past, timeZone))) rebuilt.push(patient);
        }
      }),
    );
    for (const patient of rebuilt) histories.complete(patient);
    progress.patients += rebuilt.length;
    await patiently(() => deps.onRebuilt(rebuilt));
  }

  /** What is wrong with one patient's past is no reason to keep others waiting. */
  async function rebuilds(past: Past, timeZone: string): Promise<boolean> {
    try {
      await rebuild(past, timeZone);
      return true;
    } catch (fault) {
      if (ending.signal.aborted) throw fault;
      failed.add(past.patient);
      log.error('a history could not be rebuilt', { patient: past.patient, ...faultDetails(fault) });
      return false;
    }
  }

  /** Panel by panel, so that no more than a page of readings is in hand. */
  async function rebuild({ patient, lastTakenAt }: Past, timeZone: string): Promise<void> {
    const now = clock.now();
    for (const [panel, { days }] of config.kept) {
      const from = now - days * dayMs;
      if (!vitalsOf(panel).some((vital) => (lastTakenAt.get(vital) ?? 0) >= from)) continue;
      const pages = isContinuous(panel) ? pagesAtMost : 1;
      let to = now + aheadMs;
      for (let page = 0; page < pages && to > from; page++) {
        const readings = await patiently(() => store.read({ patient, panel, from, to, limit: readingsPerPage }));
        // a history left behind by an erasure meanwhile is forgotten by whoever judges next
        const history = histories.of(patient);
        for (const stored of readings) {
          const { reading, receivedAt } = heardIn(stored, Date.parse(stored.storedAt));
          const day = dayNumberIn(timeZone, Date.parse(stored.takenAt));
          insertReading(history, config.kept, { ...reading, day }, receivedAt);
        }
        const oldest = readings.at(-1);
        to = readings.length < readingsPerPage || !oldest ? from : Date.parse(oldest.takenAt);
      }
    }
  }

  /** Until whoever is away is back. @throws what another fault came to when it was tried a few times */
  async function patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    for (let failures = 0; ; failures++) {
      try {
        const answer = await ask();
        progress.state = 'under-way';
        return answer;
      } catch (fault) {
        const away = fault instanceof Outage || recordsAway(fault);
        if (ending.signal.aborted || (!away && failures >= triesAtMost)) throw fault;
        if (failures === 0) log.warn('rebuilding histories waits', { away, ...faultDetails(fault) });
        progress.state = 'waits';
        await clock.sleep(backOffMs(failures, pauses), ending.signal);
      }
    }
  }

  return {
    start() {
      running = run().catch((fault) => {
        if (!ending.signal.aborted) log.error('rebuilding histories ended', faultDetails(fault));
      });
    },
    async stop() {
      ending.abort(new Error('rules stop'));
      await running;
    },
    progress: () => ({ ...progress, failed: failed.size }),
  };
}

const dayMs = 24 * 3_600_000;
const atOnce = 500;
/** Queries of the store at a time: people who look at charts go before us. */
const sideBySide = 3;
const readingsPerPage = 2_000;
/** Of what is worn: two weeks of a value a minute; who speaks more often is rebuilt for less long. */
const pagesAtMost = 12;
const lookAgainMs = 500;
const pauses = { firstMs: 500, mostMs: 30_000 };
const triesAtMost = 3;
/** A device whose clock is a little ahead. */
const aheadMs = 3_600_000;
