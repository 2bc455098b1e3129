import type { DeviceId, SourceId } from '#domain/ids.ts';
import type { Patient } from '#domain/people.ts';
import type { Mark, StoredReading } from '#domain/reading.ts';
import { type PanelName, type VitalName, vitals } from '#domain/vitals.ts';
import { readingId } from '#runtime/reading-id.ts';

/** What the people of the ward have measured. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
export const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

export type Resident = { patient: Patient; device: DeviceId; source: SourceId };

export type Pressure = { systolic: number; diastolic: number; pulse?: number; takenAt: string; marks?: Mark[] };

/** Mornings and evenings of 30 days, the last one `endsAgoMs` ago; a wave stands for the body. */
export const month = (systolic: number, diastolic: number, endsAgoMs: number): Pressure[] =>
  Array.from({ length: 60 }, (_, i) => ({
    systolic: Math.round(systolic + 7 * Math.sin(i * 1.7) + 4 * Math.sin(i / 5)),
    diastolic: Math.round(diastolic + 4 * Math.cos(i * 2.1)),
    pulse: Math.round(72 + 5 * Math.sin(i * 0.9)),
    takenAt: ago(endsAgoMs + i * 12 * hourMs),
  }));

export const pressureReading = (
  who: Resident,
  { systolic, diastolic, pulse, takenAt, marks }: Pressure,
): StoredReading =>
  readingOf(who, 'blood-pressure', takenAt, { systolic, diastolic, ...(pulse ? { 'pulse-rate': pulse } : {}) }, marks);

/** A watch every two minutes for a day: more than a chart shows one by one. */
export function wornReadings(who: Resident): StoredReading[] {
  return Array.from({ length: 720 }, (_, i) => {
    const takenAt = ago(30_000 + i * 2 * minuteMs);
    const rate = Math.round(70 + 9 * Math.sin(i / 40) + 3 * Math.sin(i * 1.3));
    return [
      readingOf(who, 'heart-rate', takenAt, { 'heart-rate': rate }),
      readingOf(who, 'pulse-oximetry', takenAt, {
        'oxygen-saturation': Math.round(96 + 1.4 * Math.sin(i / 25)),
        'pulse-rate': rate,
      }),
    ];
  }).flat();
}

/** A meter that measures in mmol/L, 6.0 and before it 5.5, and a sensor whose last word is that it can measure no further up. */
export function glucoseReadings(
  who: Resident,
  { meter, sensor }: { meter: DeviceId; sensor: DeviceId },
): StoredReading[] {
  const drops = [108.096, 99.088].map((glucose, i) =>
    readingOf({ ...who, device: meter }, 'glucose', ago((20 + i * 600) * minuteMs), { glucose }),
  );
  const sensed = Array.from({ length: 40 }, (_, i) =>
    readingOf(
      { ...who, device: sensor },
      'continuous-glucose',
      ago((1 + i * 15) * minuteMs),
      { 'sensor-glucose': i === 0 ? 400 : Math.round(140 + 50 * Math.sin(i / 6)) },
      i === 0 ? ['above-measuring-range'] : [],
    ),
  );
  return [...drops, ...sensed];
}

function readingOf(
  who: Resident,
  panel: PanelName,
  takenAt: string,
  values: Partial<Record<VitalName, number>>,
  marks: Mark[] = [],
): StoredReading {
  const later = new Date(Date.parse(takenAt) + 800).toISOString();
  const reading = {
    device: who.device,
    model: 'UA-651BLE',
    panel,
    values: Object.entries(values).map(([vital, value]) => ({
      vital: vital as VitalName,
      value,
      unit: vitals[vital as VitalName].ucum,
    })),
    takenAt,
    clock: 'source' as const,
    heardAt: later,
    marks,
  };
  return {
    ...reading,
    id: readingId(reading),
    patient: who.patient.id,
    source: who.source,
    storedAt: new Date(Date.parse(takenAt) + 1_300).toISOString(),
    flags: [],
  };
}
