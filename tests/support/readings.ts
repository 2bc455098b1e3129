import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { DeviceId, PatientId, SourceId } from '#domain/ids.ts';
import { decimalsAtMost, marks, type Reading, StoredReading } from '#domain/reading.ts';
import { panelNames, panels, type VitalName, vitals, vitalsOf } from '#domain/vitals.ts';
import { readingId } from '#runtime/reading-id.ts';

/** Readings for tests: one by hand, or any that could ever be admitted, from fast-check. */

export const anyPatient = (): PatientId => PatientId.parse(randomUUID());

/** What a cuff measured; every field can be replaced. */
export function cuffReading(wish: Partial<Reading> & { systolic?: number; diastolic?: number } = {}): Reading {
  const { systolic = 142, diastolic = 88, ...rest } = wish;
  return {
    ref: randomUUID(),
    device: DeviceId.parse('C0:FF:EE:00:00:01'),
    panel: 'blood-pressure',
    values: [
      { vital: 'systolic', value: systolic, unit: 'mm[Hg]' },
      { vital: 'diastolic', value: diastolic, unit: 'mm[Hg]' },
    ],
    takenAt: '2026-07-30T08:00:00.000Z',
    clock: 'source',
    heardAt: '2026-07-30T08:00:01.000Z',
    marks: [],
    ...rest,
  };
}

export function storedReading(patient: PatientId, wish: Parameters<typeof cuffReading>[0] = {}): StoredReading {
  const { ref: _, ...reading } = cuffReading(wish);
  return {
    ...reading,
    id: readingId(reading),
    patient,
    source: SourceId.parse('gw-test'),
    storedAt: '2026-07-30T08:00:02.000Z',
    flags: [],
  };
}

/** Everything a model name may hold: the file formats and query languages below must survive it. */
const awkwardTexts = [
  '',
  ' ',
  'BP "Pro" \\ 7,x=1',
  "O'Neill\\",
  'line\nbreak\r\ttab',
  '\0',
  '\ud800',
  '欧姆龙 血压计',
  '🫀',
  '\\u0000',
  '$1; drop table vitals_reading --',
];

const anyInstant = (fromMs: number, toMs: number) =>
  fc.tuple(fc.integer({ min: fromMs, max: toMs - 1 }), fc.constantFrom('ms', 's', 'us')).map(([ms, precision]) => {
    const text = new Date(ms).toISOString();
    if (precision === 'us') return text.replace('Z', '417Z');
    return precision === 's' && ms % 1000 === 0 ? text.replace('.000Z', 'Z') : text;
  });

const anyValue = (vital: VitalName) => {
  const [min, max] = vitals[vital].hard;
  const number = fc.oneof(
    fc.integer({ min: Math.ceil(min), max: Math.floor(max) }),
    fc.double({ min, max, noNaN: true }),
  );
  return fc.tuple(number, fc.option(fc.integer({ min: 0, max: decimalsAtMost }))).map(([value, decimals]) => ({
    vital,
    value: value === 0 ? 0 : value,
    unit: vitals[vital].ucum as string,
    ...(decimals === null ? {} : { decimals }),
  }));
};

/** A reading as it may lie in the store, taken in [fromMs, toMs). */
export const anyStoredReading = (patient: PatientId, fromMs: number, toMs: number): fc.Arbitrary<StoredReading> =>
  fc.constantFrom(...panelNames).chain((panel) =>
    fc
      .record(
        {
          device: fc.constantFrom('C0:FF:EE:00:00:01', 'C0:FF:EE:00:00:02', 'watch.7_a-b'),
          source: fc.constantFrom('gw-1', 'watch-7'),
          values: fc.subarray([...panels[panel].optional] as VitalName[]).chain((chosen) =>
            fc.tuple(
              ...vitalsOf(panel)
                .filter((v) => (panels[panel].required as readonly VitalName[]).includes(v) || chosen.includes(v))
                .map(anyValue),
            ),
          ),
          takenAt: anyInstant(fromMs, toMs),
          heardAt: anyInstant(fromMs, toMs),
          storedAt: anyInstant(fromMs, toMs),
          clock: fc.constantFrom('device', 'corrected', 'source'),
          marks: fc.subarray([...marks]),
          flags: fc.subarray(['late', 'implausible'] as const),
          model: fc.oneof(fc.constantFrom(...awkwardTexts), fc.string({ unit: 'binary', maxLength: 20 })),
          userSlot: fc.integer({ min: 0, max: 254 }),
          sequence: fc.integer({ min: 0, max: 0xffff_ffff }),
          deviceTime: anyInstant(fromMs, toMs).map((text) => text.slice(0, 19)),
          raw: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('hex')),
        },
        {
          requiredKeys: ['device', 'source', 'values', 'takenAt', 'heardAt', 'storedAt', 'clock', 'marks', 'flags'],
        },
      )
      .map((fields) => {
        const reading = { ...fields, panel, patient, id: '0'.repeat(32) };
        return StoredReading.parse({ ...reading, id: readingId(reading as unknown as StoredReading) });
      }),
  );
