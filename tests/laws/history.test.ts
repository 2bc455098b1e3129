import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lateAfterMs } from '#domain/admission.ts';
import { marks as allMarks, artefactMarks, type Mark } from '#domain/reading.ts';
import { isContinuous, type PanelName, panelNames, panels, type VitalName, vitals } from '#domain/vitals.ts';
import {
  createHistory,
  type History,
  insertReading,
  type Kept,
  recentSamplesAtMost,
} from '../../rules/history/history.ts';
import { evidenceAt, findRecord, takenAt } from '../../rules/history/history-records.ts';
import { slotMsOf, takenIn, valueIn } from '../../rules/history/history-slots.ts';
import { evidenceOf, judgedReadingOf, type Measured, receivedAtOf } from '../support/histories.ts';

/** What rules know of the past: packed, and a function of the set of readings that came. */

const start = Date.UTC(2026, 5, 1);
const dayMs = 86_400_000;
const kept: Kept = new Map(panelNames.map((panel) => [panel, { days: 9 }]));

const anyReading: fc.Arbitrary<Measured> = fc
  .record({
    panel: fc.constantFrom<PanelName>('blood-pressure', 'body-weight', 'continuous-glucose', 'heart-rate'),
    // two of one moment now and then
    second: fc.oneof(fc.integer({ min: 0, max: 20 * 86_400 }), fc.integer({ min: 0, max: 12 })),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    marks: fc.oneof({ weight: 3, arbitrary: fc.constant<Mark[]>([]) }, fc.subarray([...allMarks], { maxLength: 3 })),
    delay: fc.constantFrom(1_000, lateAfterMs + 1, 9 * dayMs),
    optional: fc.boolean(),
  })
  .map(({ panel, second, share, marks, delay, optional }): Measured => {
    const names: VitalName[] = [...panels[panel].required, ...(optional ? panels[panel].optional : [])];
    const values = Object.fromEntries(
      names.map((vital) => {
        const [low, high] = vitals[vital].hard;
        return [vital, Number((low + share * (high - low)).toFixed(vitals[vital].decimals))];
      }),
    );
    const takenAt = start + 1_000 * second;
    return { panel, values, takenAt, marks, receivedAt: takenAt + delay };
  });

function historyOf(readings: readonly Measured[]): History {
  const history = createHistory();
  for (const m of readings) insertReading(history, kept, judgedReadingOf(m), receivedAtOf(m));
  return history;
}

/** Everything rules can see of it. */
const told = (history: History) =>
  [...history.panels.values()]
    .map(({ panel, records, slots }) => ({
      panel,
      records: Array.from({ length: records.count }, (_, i) => evidenceAt(records, i)),
      samples: slots && [...samplesIn(slots)],
    }))
    .sort((a, b) => (a.panel < b.panel ? -1 : 1));

function* samplesIn(slots: NonNullable<ReturnType<History['panels']['get']>>['slots'] & object) {
  for (let slot = slots.newest - slots.ring.length + 1; slot <= slots.newest; slot++) {
    const value = valueIn(slots, slot);
    if (!Number.isNaN(value)) yield [takenIn(slots, slot), value];
  }
}

/** Whatever comes again is told as it was heard first (admission sees to that). */
const anyReadings = fc.uniqueArray(anyReading, { maxLength: 60, selector: (m) => evidenceOf(m).reading });

describe('the history of a patient', () => {
  it('is the same in whatever order readings came, and however often', () => {
    fc.assert(
      fc.property(
        anyReadings.chain((all) =>
          fc.tuple(
            fc.constant(all),
            fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length, maxLength: 2 * all.length }),
          ),
        ),
        ([one, other]) => {
          expect(told(historyOf(other))).toEqual(told(historyOf(one)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('changes nothing when a reading comes again, and says so', () => {
    fc.assert(
      fc.property(anyReadings, (all) => {
        const history = historyOf(all);
        const before = told(history);
        for (const m of all) expect(insertReading(history, kept, judgedReadingOf(m), receivedAtOf(m))).toBe(false);
        expect(told(history)).toEqual(before);
      }),
    );
  });

  it('gives back what a device said, as it was heard', () => {
    fc.assert(
      fc.property(anyReading, (m) => {
        const { evidence } = judgedReadingOf(m);
        if (isContinuous(evidence.panel)) return;
        const { records } = historyOf([m]).panels.get(evidence.panel)!;
        const seen = evidenceAt(records, 0);
        expect(seen).toMatchObject({ ...evidence, values: expect.anything(), marks: expect.anything() });
        expect(new Set(seen.marks)).toEqual(new Set(evidence.marks));
        expect(new Map(seen.values.map((v) => [v.vital, v.value]))).toEqual(
          new Map(evidence.values.map((v) => [v.vital, v.value])),
        );
        expect(Date.parse(seen.storedAt!)).toBe(receivedAtOf(m));
        expect(findRecord(records, m.takenAt, evidence.reading)).toBe(0);
      }),
    );
  });

  it('holds what is young enough, oldest first, and no more than a device gone wild may bring', () => {
    fc.assert(
      fc.property(anyReadings, (all) => {
        for (const { panel, records } of historyOf(all).panels.values()) {
          const times = Array.from({ length: records.count }, (_, i) => takenAt(records, i));
          expect(times).toEqual(times.toSorted((a, b) => a - b));
          const newest = Math.max(...all.filter((m) => 'panel' in m && m.panel === panel).map((m) => m.takenAt));
          for (const taken of times) expect(taken).toBeGreaterThanOrEqual(newest - 9 * dayMs);
          if (isContinuous(panel)) expect(records.count).toBeLessThanOrEqual(recentSamplesAtMost);
        }
      }),
    );
    const flood = Array.from(
      { length: 3_000 },
      (_, n): Measured => ({ systolic: 120, diastolic: 70, takenAt: start + 1_000 * n }),
    );
    expect(historyOf(flood).panels.get('blood-pressure')!.records.count).toBeLessThanOrEqual(512);
  });

  it('keeps of what is worn the last clean sample of every slot', () => {
    fc.assert(
      fc.property(anyReadings, (all) => {
        for (const { panel, slots } of historyOf(all).panels.values()) {
          if (!slots) continue;
          const clean = all.filter(
            (m) => 'panel' in m && m.panel === panel && !(m.marks ?? []).some((mark) => artefactMarks.includes(mark)),
          );
          const newest = Math.floor(Math.max(...clean.map((m) => m.takenAt)) / slotMsOf(panel));
          const naive = new Map<number, number>();
          for (const { takenAt: taken } of clean) {
            const slot = Math.floor(taken / slots.slotMs);
            if (slot > newest - slots.ring.length) naive.set(slot, Math.max(taken, naive.get(slot) ?? 0));
          }
          expect([...samplesIn(slots)].map(([taken]) => taken)).toEqual([...naive.values()].sort((a, b) => a - b));
        }
      }),
    );
  });
});
