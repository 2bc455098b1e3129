import { admitSample, type Refused, type Registration, refusalOfKind, standingValues } from '#domain/admission.ts';
import type { DeviceId, PatientId, ReadingId, SourceId } from '#domain/ids.ts';
import type { StoredReading } from '#domain/reading.ts';
import { instant } from '../clock.ts';
import type { Within } from '../records/connect.ts';
import {
  type FirstHearing,
  findFirstHearings,
  mayBeReplayed,
  rememberFirstHearings,
} from '../records/first-hearings.ts';
import { createRegistrations } from '../records/registrations.ts';
import type { Arrival, Told, ToldSample } from './unpack.ts';

/**
 * What becomes of an arrival: refused whole, or judged sample by sample. Never both, never neither.
 * `again`: another copy of it was journalled before, whose way it takes.
 */
export type Verdict = { arrival: Arrival } & ({ refused: Refused } | { samples: SampleVerdict[] });
export type SampleVerdict = { place: number } & ({ reading: StoredReading; again: boolean } | { refused: Refused });

/** Recorder and judge have one each, and never disagree about whose reading it is. */
export type Admitting = {
  /** In the order of arrival, so that of two copies in one batch the first counts. Remembers those that are heard first. */
  admitAll(arrivals: readonly Arrival[]): Promise<Verdict[]>;
};

/** @param options `remembers`: false for whoever only wants to know */
export function createAdmitting(db: Within, { remembers = true } = {}): Admitting {
  const registrations = createRegistrations(db);

  return {
    async admitAll(arrivals) {
      const devices = new Set<DeviceId>();
      const replayable: ReadingId[] = [];
      for (const arrival of arrivals) {
        if (!('told' in arrival)) continue;
        devices.add(deviceOf(arrival.told));
        for (const { id, reading } of arrival.told.samples) if (mayBeReplayed(reading)) replayable.push(id);
      }
      const [registered, firsts] = await Promise.all([registrations.of(devices), findFirstHearings(db, replayable)]);
      const heard: { reading: ReadingId; hearing: FirstHearing }[] = [];
      // many come in one millisecond
      const instants = new Map<number, string>();
      const instantOf = (ms: number): string => {
        const text = instants.get(ms) ?? instant(ms);
        instants.set(ms, text);
        return text;
      };
      const verdicts = arrivals.map((arrival): Verdict => {
        if ('malformed' in arrival)
          return { arrival, refused: { outcome: 'refused', reason: 'malformed', detail: arrival.malformed } };
        const known = { registration: registered.get(deviceOf(arrival.told)), firsts };
        const verdict = verdictOn(arrival, arrival.told, known, instantOf(arrival.receivedAt));
        if ('refused' in verdict) return verdict;
        for (const sample of verdict.samples) {
          if (!('reading' in sample) || !mayBeReplayed(sample.reading) || firsts.has(sample.reading.id)) continue;
          const { id, patient, takenAt, clock, heardAt, storedAt, flags } = sample.reading;
          const hearing = { patient, takenAt, clock, heardAt, storedAt, flags };
          firsts.set(id, hearing);
          heard.push({ reading: id, hearing });
        }
        return verdict;
      });
      if (remembers) await rememberFirstHearings(db, heard);
      return verdicts;
    },
  };
}

const deviceOf = ({ samples }: Told) => samples[0]!.reading.device;

/**
 * Pure. A reading that was heard before keeps the way of its first copy: patient, times and flags. So a cuff that replays its
 * memory changes nothing, even when its clock is corrected differently now or it belongs to somebody else. Stored it is for us when it was
 * on our disk: who judges the same entry again comes to the same.
 * @param storedAt `arrival.receivedAt` as RFC 3339
 */
export function verdictOn(
  arrival: Arrival,
  told: Told,
  { registration, firsts }: { registration: Registration | undefined; firsts: ReadonlyMap<ReadingId, FirstHearing> },
  storedAt: string,
): Verdict {
  const { source, receivedAt } = arrival;
  const [{ reading: any }] = told.samples as [ToldSample];
  const refusal = refusalOfKind(
    { panel: any.panel, marks: any.marks, kinds: told.series?.columns ?? any.values },
    source,
    registration,
  );
  const known = (id: ReadingId): FirstHearing | undefined => {
    const first = registration?.source === source ? firsts.get(id) : undefined;
    return first && !isForgotten(registration!, first.patient) ? first : undefined;
  };
  if ((refusal || !registration) && !known(told.samples[0]!.id)) return { arrival, refused: refusal! };
  const samples = told.samples.map((sample): SampleVerdict => {
    const { place, reading } = sample;
    const first = known(sample.id);
    // the judge may have remembered this very copy before the recorder came to it
    if (first) return { place, again: first.storedAt !== storedAt, reading: storedOf(sample, source, first) };
    const admission = admitSample(reading, registration!, receivedAt);
    if (admission.outcome === 'refused') return { place, refused: admission };
    const { patient, flags } = admission;
    const { takenAt, clock, heardAt } = reading;
    const hearing = { patient, takenAt, clock, heardAt, storedAt, flags };
    return { place, again: false, reading: storedOf(sample, source, hearing) };
  });
  return { arrival, samples };
}

/** Every part by its name, which takes a quarter of the room and the time that copying them does; the type lets none be forgotten. */
function storedOf({ id, reading }: ToldSample, source: SourceId, hearing: FirstHearing): StoredReading {
  const { device, model, userSlot, panel, sequence, deviceTime, marks, raw } = reading;
  const { patient, takenAt, clock, heardAt, storedAt, flags } = hearing;
  const stored: { [Part in keyof Required<StoredReading>]: StoredReading[Part] } = {
    id,
    patient,
    device,
    source,
    model,
    userSlot,
    panel,
    values: standingValues(reading),
    sequence,
    deviceTime,
    takenAt,
    heardAt,
    storedAt,
    clock,
    marks,
    flags,
    raw,
  };
  return stored;
}

const isForgotten = ({ assignments }: Registration, patient: PatientId): boolean =>
  assignments.some((assignment) => assignment.erased && assignment.patient === patient);
