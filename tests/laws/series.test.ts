import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Assignment, admit } from '#domain/admission.ts';
import { SourceId } from '#domain/ids.ts';
import { ReadingSeries } from '#domain/reading.ts';
import { samplesOf, seriesOfSamples } from '#domain/series.ts';
import { panelNames, type VitalName, vitalNames, vitals, vitalsOf } from '#domain/vitals.ts';
import { verdictOn } from '#runtime/intake/admitting.ts';
import { unpackReadings } from '#runtime/intake/unpack.ts';
import { readingId } from '#runtime/reading-id.ts';
import { anyPatient } from '../support/readings.ts';

const received = Date.UTC(2026, 6, 30, 12);
const hour = 3_600_000;
const source = SourceId.parse('watch-1');
const patient = anyPatient();
const at = (ms: number) => new Date(ms).toISOString();

const seldom = <T>(some: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: some });

/** Any series that has the form of one; some of it wrong in one way or another. */
const anySeries = fc
  .record({
    panel: fc.constantFrom(...panelNames),
    strange: seldom(fc.constantFrom(...vitalNames)),
    unit: seldom(fc.constant('kPa')),
    steps: fc.integer({ min: 1, max: 12 }),
    stepMs: fc.integer({ min: 1, max: 2 * hour }),
    startMs: fc.integer({ min: received - 30 * hour, max: received + hour }),
    marks: fc.constantFrom([], ['poor-signal'], [], ['demo']),
  })
  .chain(({ panel, strange, unit, steps, stepMs, startMs, marks }) => {
    const names: VitalName[] = [...vitalsOf(panel).slice(0, 2), ...(strange ? [strange] : [])];
    const value = (vital: VitalName) =>
      fc.oneof(
        { weight: 6, arbitrary: fc.double({ min: vitals[vital].hard[0], max: vitals[vital].hard[1], noNaN: true }) },
        { weight: 1, arbitrary: fc.constant(100_000) },
        { weight: 2, arbitrary: fc.constant(null) },
      );
    return fc
      .tuple(...names.map((vital) => fc.array(value(vital), { minLength: steps, maxLength: steps })))
      .map((columns) =>
        ReadingSeries.parse({
          ref: 'series',
          device: 'watch-1',
          panel,
          clock: 'source',
          heardAt: at(received),
          marks,
          start: at(startMs),
          stepMs,
          columns: columns.map((values, i) => ({ vital: names[i], unit: unit ?? vitals[names[i]!].ucum, values })),
        }),
      );
  });

const anyAssignments: fc.Arbitrary<Assignment[]> = fc
  .array(fc.integer({ min: received - 30 * hour, max: received }), { maxLength: 2 })
  .map((starts) => starts.map((from) => ({ patient, userSlot: null, from: at(from), to: at(from + 9 * hour) })));

const arrivalOf = (series: ReadingSeries) => {
  const payload = Buffer.from(JSON.stringify({ v: 1, series: [series] }));
  return unpackReadings({ source, receivedAt: received, payload })[0]!;
};

describe('a series', () => {
  it('is judged sample by sample as if each had come as a reading of its own, under the same id', () => {
    let admitted = 0;
    let apart = 0;
    fc.assert(
      fc.property(anySeries, anyAssignments, (series, assignments) => {
        const arrival = arrivalOf(series);
        const samples = samplesOf(series);
        expect('malformed' in arrival).toBe(samples.length === 0);
        if (samples.length === 0) return;
        if (!('told' in arrival)) throw new Error('a series of the right form was not read');
        const registration = { source, assignments };
        const verdict = verdictOn(arrival, arrival.told, { registration, firsts: new Map() }, at(received));
        const alone = samples.map(({ reading }) => admit({ ...reading, ref: 'one' }, source, registration, received));
        if ('refused' in verdict) {
          // what is wrong with the series is wrong with each of its samples that has a value in every column
          samples.forEach(({ reading }, i) => {
            if (reading.values.length === series.columns.length) expect(alone[i]?.outcome).toBe('refused');
          });
          return;
        }
        if (new Set(alone.map(({ outcome }) => outcome)).size > 1) apart++;
        verdict.samples.forEach((sample, i) => {
          const { place, reading } = samples[i]!;
          expect(sample.place).toBe(place);
          const admission = alone[i]!;
          if ('refused' in sample) {
            expect(sample.refused).toEqual(admission);
            return;
          }
          admitted++;
          expect(admission).toMatchObject({ outcome: 'admitted', patient: sample.reading.patient });
          expect(sample.reading.id).toBe(readingId(reading));
          expect(sample.reading.takenAt).toBe(at(Date.parse(series.start) + place * series.stepMs));
        });
      }),
      { numRuns: 400 },
    );
    expect(admitted).toBeGreaterThan(100);
    expect(apart).toBeGreaterThan(10);
  });

  it('of which some samples are kept holds those in their places, and nothing else', () => {
    fc.assert(
      fc.property(anySeries, fc.func(fc.boolean()), (series, wanted) => {
        const samples = samplesOf(series);
        const places = new Set(samples.map(({ place }) => place).filter((place) => wanted(place)));
        const kept = samplesOf(ReadingSeries.parse(seriesOfSamples(series, places)));
        expect(kept).toEqual(samples.filter(({ place }) => places.has(place)));
      }),
    );
  });

  it('of uneven columns, without a value or beyond a thousand samples is no series', () => {
    const column = (values: (number | null)[]) => ({ vital: 'heart-rate', unit: '/min', values });
    const base = { ref: 'r', device: 'w', panel: 'heart-rate', clock: 'source', heardAt: at(received) };
    const arrival = (columns: object[]) =>
      arrivalOf({ ...base, start: at(received), stepMs: 1_000, columns } as unknown as ReadingSeries);
    expect('told' in arrival([column([60, null])])).toBe(true);
    for (const columns of [[], [column([null, null])], [column([])], [column([60]), column([60, 61])]])
      expect('malformed' in arrival(columns)).toBe(true);
    expect('malformed' in arrival([column(Array(1_001).fill(60))])).toBe(true);
  });
});
