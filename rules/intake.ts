import { lateAfterMs } from '#domain/admission.ts';
import type { PatientId } from '#domain/ids.ts';
import type { StoredReading } from '#domain/reading.ts';
import type { PanelName } from '#domain/vitals.ts';
import type { Admitting, Verdict } from '#runtime/intake/admitting.ts';
import { type Arrival, inParts, unpackReadings } from '#runtime/intake/unpack.ts';
import type { JournalEntry } from '#runtime/journal.ts';
import { book } from './book/index.ts';
import type { JudgedReading } from './rule.ts';

/** A reading that may be judged. `receivedAt`: when the server journalled it, ms since 1970. */
export type Heard = { reading: Omit<JudgedReading, 'day'>; receivedAt: number };

/**
 * The readings of these entries that some rule looks at, in the order of the journal and some thousand at a time; by patient. What may not enter is
 * left out without a word: ingest admits in the same way, keeps it in quarantine and says why. A reading that was heard before
 * keeps the patient and the time of its first copy; when that was long ago it is late, however its clock is corrected today.
 */
export async function* takeIn(
  admitting: Admitting,
  entries: readonly JournalEntry[],
): AsyncGenerator<Map<PatientId, Heard[]>> {
  for (const arrivals of inParts(entries, arrivalsIn)) yield byPatient(await admitting.admitAll(arrivals), heardIn);
}

/** What may enter of these, by patient, in their order. */
export function byPatient(
  verdicts: readonly Verdict[],
  hearing: (stored: StoredReading, receivedAt: number) => Heard,
): Map<PatientId, Heard[]> {
  const heard = new Map<PatientId, Heard[]>();
  for (const verdict of verdicts)
    for (const sample of 'samples' in verdict ? verdict.samples : []) {
      if (!('reading' in sample) || !judged.has(sample.reading.panel)) continue;
      const { patient } = sample.reading;
      const ofPatient = heard.get(patient) ?? [];
      heard.set(patient, ofPatient);
      ofPatient.push(hearing(sample.reading, verdict.arrival.receivedAt));
    }
  return heard;
}

const arrivalsIn = (entry: JournalEntry): Arrival[] =>
  entry.kind === 'readings' && mayConcernUs(entry.payload)
    ? unpackReadings(entry).filter((arrival) => 'told' in arrival && judged.has(arrival.told.samples[0]!.reading.panel))
    : [];

export function heardIn(stored: StoredReading, receivedAt: number): Heard {
  const { id, panel, takenAt, heardAt, storedAt, values, marks, device, source, flags } = stored;
  return {
    reading: {
      evidence: { reading: id, panel, takenAt, heardAt, storedAt, values, marks },
      device,
      source,
      late: flags.includes('late') || receivedAt - Date.parse(takenAt) > lateAfterMs,
    },
    receivedAt,
  };
}

const judged: ReadonlySet<PanelName> = new Set(book.flatMap(({ panels }) => panels));
const names = [...judged].map((panel) => Buffer.from(`"${panel}"`));
const anEscape = Buffer.from('\\');

/** Most readings are of panels that no rule looks at. JSON writes a name as it is, unless it holds an escape. */
const mayConcernUs = (payload: Buffer): boolean =>
  names.some((name) => payload.includes(name)) || payload.includes(anEscape);
