import type { HeardCohortReading, Truth } from '#domain/cohort-file.ts';
import { TeamId } from '#domain/ids.ts';
import type { PanelName } from '#domain/vitals.ts';
import { openCohortFile } from '#runtime/cohort-file.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';
import type { VitalsStore } from '#runtime/vitals-store.ts';
import type { Heard } from '../intake.ts';
import { kept } from '../weigh.ts';
import type { Span } from './outcome.ts';
import { heardFromCohort, heardFromStore } from './replay.ts';

/** A patient and all that was heard of them, in order of arrival. */
export type Life = { patient: JudgedPatient; heard: Iterable<Heard>; truth: Truth | null };

const dayMs = 86_400_000;
/** What rules look back at must have been seen before the time that is reported on. */
export const warmUpMs = dayMs * (1 + Math.max(0, ...[...kept.values()].map(({ days }) => days)));

const readingsPerPage = 2_000;

/** From the store, one patient at a time. @throws Outage */
export async function* livesInStore(
  store: Pick<VitalsStore, 'read'>,
  patients: readonly JudgedPatient[],
  span: Span,
): AsyncGenerator<Life> {
  for (const patient of patients) {
    const heard: Heard[] = [];
    for (const panel of kept.keys()) await readInto(heard, store, patient, panel, span);
    // what came at the same moment was journalled in one message, in which devices tell the oldest first
    heard.sort(
      (a, b) => a.receivedAt - b.receivedAt || compare(a.reading.evidence.takenAt, b.reading.evidence.takenAt),
    );
    yield { patient, heard, truth: null };
  }
}

async function readInto(
  heard: Heard[],
  store: Pick<VitalsStore, 'read'>,
  { patient }: JudgedPatient,
  panel: PanelName,
  { from, to }: Span,
): Promise<void> {
  const since = from - warmUpMs;
  let before = to;
  for (;;) {
    const page = await store.read({ patient, panel, from: since, to: before, limit: readingsPerPage });
    for (const stored of page) heard.push(heardFromStore(stored));
    const oldest = page.at(-1);
    if (page.length < readingsPerPage || !oldest) return;
    // the rest of its own millisecond comes again, and changes nothing
    const next = Date.parse(oldest.takenAt) + 1;
    before = next < before ? next : next - 1;
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const noTeam = TeamId.parse('00000000-0000-4000-8000-000000000000');

/** Every `of`th patient of a cohort, from the `nth` on. @throws SetupFault */
export async function* livesInCohort(path: string, share: { nth: number; of: number }): AsyncGenerator<Life> {
  const { head, patients } = await openCohortFile(path);
  let at = 0;
  for await (const one of patients) {
    if (at++ % share.of !== share.nth) continue;
    const { programmes, overrides, expected, pause, silentAfterMinutes } = one.plan;
    const patient: JudgedPatient = {
      patient: one.id,
      team: { team: noTeam, timeZone: one.timeZone, overrides: {} },
      plan: { programmes, overrides, expected, pause, silentAfterMinutes, from: head.from },
      memories: new Map(),
      alerts: [],
    };
    yield { patient, heard: asHeard(one.readings()), truth: { events: one.events, flawed: one.flawed } };
  }
}

function* asHeard(readings: Iterable<HeardCohortReading>): Generator<Heard> {
  for (const reading of readings) yield heardFromCohort(reading);
}
