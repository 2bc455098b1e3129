import { admit, lateAfterMs, standingValues } from '#domain/admission.ts';
import type { PatientId, ReadingId, SourceId } from '#domain/ids.ts';
import { Reading, ReadingsEnvelope } from '#domain/reading.ts';
import { instant } from '#runtime/clock.ts';
import type { JournalEntry } from '#runtime/journal.ts';
import { readingId } from '#runtime/reading-id.ts';
import type { Within } from '#runtime/records/connect.ts';
import { findRegistrations } from '#runtime/records/devices.ts';
import {
  type FirstHearing,
  findFirstHearings,
  mayBeReplayed,
  rememberFirstHearings,
} from '#runtime/records/first-hearings.ts';
import type { JudgedReading } from './rule.ts';

/** A reading that may be judged. `receivedAt`: when the server journalled it, ms since 1970. */
export type Heard = { reading: Omit<JudgedReading, 'day'>; receivedAt: number };

/**
 * The readings of these entries by patient, in the order of the journal. What may not enter is left out without a word: ingest
 * applies the same rules of admission, keeps it in quarantine and says why. As there, a reading that was heard before keeps the
 * patient and the time of its first copy; when that was long ago it is late, however its clock is corrected today. Whoever of
 * the two comes first remembers it: while the vitals store is away the judge is far ahead.
 */
export async function takeIn(db: Within, entries: readonly JournalEntry[]): Promise<Map<PatientId, Heard[]>> {
  const arrivals = entries.filter((entry) => entry.kind === 'readings').flatMap(readingsIn);
  const registrations = await findRegistrations(db, [...new Set(arrivals.map(({ reading }) => reading.device))]);
  const hearings = await findFirstHearings(
    db,
    arrivals.filter(({ reading }) => mayBeReplayed(reading)).map(({ id }) => id),
  );
  const heard = new Map<PatientId, Heard[]>();
  const fresh: { reading: ReadingId; hearing: FirstHearing }[] = [];
  for (const { id, reading, source, receivedAt } of arrivals) {
    const registration = registrations.get(reading.device);
    const first = registration?.source === source ? hearings.get(id) : undefined;
    const admission = first ? undefined : admit(reading, source, registration, receivedAt);
    if (admission?.outcome === 'refused') continue;
    const patient = (first ?? admission)?.patient;
    if (!patient) continue;
    const takenAt = first?.takenAt ?? reading.takenAt;
    if (admission && mayBeReplayed(reading)) {
      const { clock, heardAt } = reading;
      const hearing = { patient, takenAt, clock, heardAt, storedAt: instant(receivedAt), flags: admission.flags };
      hearings.set(id, hearing);
      fresh.push({ reading: id, hearing });
    }
    const ofPatient = heard.get(patient) ?? [];
    heard.set(patient, ofPatient);
    ofPatient.push({
      reading: {
        evidence: {
          reading: id,
          panel: reading.panel,
          takenAt,
          heardAt: first?.heardAt ?? reading.heardAt,
          storedAt: instant(receivedAt),
          values: standingValues(reading),
          marks: reading.marks,
        },
        device: reading.device,
        source,
        late: (first ?? admission)?.flags.includes('late') || receivedAt - Date.parse(takenAt) > lateAfterMs,
      },
      receivedAt,
    });
  }
  await rememberFirstHearings(db, fresh);
  return heard;
}

type Arrival = { id: ReadingId; reading: Reading; source: SourceId; receivedAt: number };

function readingsIn({ source, receivedAt, payload }: JournalEntry): Arrival[] {
  const envelope = ReadingsEnvelope.safeParse(parseJson(payload));
  if (!envelope.success) return [];
  return envelope.data.readings.flatMap((candidate) => {
    const { success, data } = Reading.safeParse(candidate);
    return success ? [{ id: readingId(data), reading: data, source, receivedAt }] : [];
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(payload));
  } catch {
    return undefined;
  }
}
