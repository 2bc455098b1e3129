import { admit } from '#domain/admission.ts';
import type { PatientId } from '#domain/ids.ts';
import { Reading, ReadingsEnvelope } from '#domain/reading.ts';
import { instant } from '#runtime/clock.ts';
import type { JournalEntry } from '#runtime/journal.ts';
import { readingId } from '#runtime/reading-id.ts';
import type { Within } from '#runtime/records/connect.ts';
import { findRegistrations } from '#runtime/records/devices.ts';
import type { JudgedReading } from './rule.ts';

/** A reading that may be judged. `receivedAt`: when the server journalled it, ms since 1970. */
export type Heard = { reading: Omit<JudgedReading, 'day'>; receivedAt: number };

/**
 * The readings of these entries by patient, in the order of the journal. What may not enter is left out without a word: ingest
 * applies the same rules of admission, keeps it in quarantine and says why.
 */
export async function takeIn(db: Within, entries: readonly JournalEntry[]): Promise<Map<PatientId, Heard[]>> {
  const parsed = entries.filter((entry) => entry.kind === 'readings').flatMap(readingsIn);
  const registrations = await findRegistrations(db, [...new Set(parsed.map(({ reading }) => reading.device))]);
  const heard = new Map<PatientId, Heard[]>();
  for (const { reading, entry } of parsed) {
    const admission = admit(reading, entry.source, registrations.get(reading.device), entry.receivedAt);
    if (admission.outcome === 'refused') continue;
    const ofPatient = heard.get(admission.patient) ?? [];
    heard.set(admission.patient, ofPatient);
    ofPatient.push({
      reading: {
        evidence: {
          reading: readingId(reading),
          panel: reading.panel,
          takenAt: reading.takenAt,
          heardAt: reading.heardAt,
          storedAt: instant(entry.receivedAt),
          values: reading.values,
          marks: reading.marks,
        },
        device: reading.device,
        source: entry.source,
        late: admission.flags.includes('late'),
      },
      receivedAt: entry.receivedAt,
    });
  }
  return heard;
}

function readingsIn(entry: JournalEntry): { reading: Reading; entry: JournalEntry }[] {
  const envelope = ReadingsEnvelope.safeParse(parseJson(entry.payload));
  if (!envelope.success) return [];
  return envelope.data.readings.flatMap((candidate) => {
    const reading = Reading.safeParse(candidate);
    return reading.success ? [{ reading: reading.data, entry }] : [];
  });
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    return undefined;
  }
}
