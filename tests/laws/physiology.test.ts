import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vitals } from '#domain/vitals.ts';
import { seededRandom } from '#runtime/random.ts';
import { historyOf, wearableHistoryOf } from '../../simulators/physiology/history.ts';
import { createPhysiology, type PhysiologyProfile } from '../../simulators/physiology/physiology.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const to = Date.UTC(2026, 10, 22);
const from = to - 30 * dayMs;

const people = fc.record({
  systolic: fc.integer({ min: 105, max: 175 }),
  diastolic: fc.integer({ min: 62, max: 95 }),
  pulse: fc.integer({ min: 55, max: 95 }),
  oxygenSaturation: fc.integer({ min: 88, max: 98 }),
  utcOffsetMinutes: fc.constantFrom(0, 480, -300),
});
const moments = fc.integer({ min: from, max: to });
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const usual: PhysiologyProfile = { systolic: 138, diastolic: 82, pulse: 70, utcOffsetMinutes: 480 };

const meanOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const hourly = (days: number) => Array.from({ length: days * 24 }, (_, hour) => to - (hour + 1) * hourMs);
const localHour = (ms: number) => ((ms + 8 * hourMs) % dayMs) / hourMs;

describe('physiology', () => {
  it('gives one seed one body: the same values in whatever order it is asked', () => {
    fc.assert(
      fc.property(seeds, people, fc.array(moments, { minLength: 2, maxLength: 12 }), (seed, person, at) => {
        const body = createPhysiology(seededRandom(seed), person);
        const again = createPhysiology(seededRandom(seed), person);
        const forwards = at.map(body.bloodPressureAt);
        const backwards = at.toReversed().map(again.bloodPressureAt).toReversed();
        expect(backwards).toEqual(forwards);
        expect(at.map(again.heartRateAt)).toEqual(at.map(body.heartRateAt));
        expect(at.map(again.pulseOximetryAt)).toEqual(at.map(body.pulseOximetryAt));
        for (const asked of ['glucoseAt', 'sensorGlucoseAt', 'weightAt', 'temperatureAt'] as const)
          expect(at.map(again[asked])).toEqual(at.map(body[asked]));
      }),
      { numRuns: 50 },
    );
  });

  it('stays within what the catalogue calls plausible, and systolic above diastolic', () => {
    const plausible = (vital: keyof typeof vitals, value: number) => {
      expect(value).toBeGreaterThanOrEqual(vitals[vital].soft[0]);
      expect(value).toBeLessThanOrEqual(vitals[vital].soft[1]);
    };
    fc.assert(
      fc.property(seeds, people, moments, (seed, person, at) => {
        const body = createPhysiology(seededRandom(seed), person);
        const { systolic, diastolic, mean, pulse } = body.bloodPressureAt(at);
        plausible('systolic', systolic);
        plausible('diastolic', diastolic);
        plausible('mean-arterial-pressure', mean);
        plausible('pulse-rate', pulse);
        plausible('heart-rate', body.heartRateAt(at));
        const { oxygenSaturation, pulseRate } = body.pulseOximetryAt(at);
        plausible('oxygen-saturation', oxygenSaturation);
        plausible('pulse-rate', pulseRate);
        plausible('glucose', body.glucoseAt(at));
        plausible('sensor-glucose', body.sensorGlucoseAt(at));
        plausible('body-weight', body.weightAt(at));
        plausible('body-temperature', body.temperatureAt(at));
        expect(diastolic).toBeLessThan(mean);
        expect(mean).toBeLessThan(systolic);
      }),
      { numRuns: 500 },
    );
  });

  it('rests at night: pressure is lower than by day, by local time', () => {
    const body = createPhysiology(seededRandom(3), usual);
    const at = (fits: (hour: number) => boolean) =>
      hourly(60)
        .filter((ms) => fits(localHour(ms)))
        .map((ms) => body.bloodPressureAt(ms).systolic);
    const day = meanOf(at((hour) => hour >= 9 && hour < 18));
    const night = meanOf(at((hour) => hour < 5));
    expect(day - night).toBeGreaterThan(5);
    expect(day - night).toBeLessThan(20);
  });

  it('eats: glucose is higher after a meal than before it, and is back by the next morning', () => {
    const body = createPhysiology(seededRandom(3), { ...usual, glucose: 118 });
    const at = (hour: number) =>
      meanOf(
        Array.from({ length: 30 }, (_, day) => body.sensorGlucoseAt(to - (day + 1) * dayMs + (hour - 8) * hourMs)),
      );
    expect(at(8.5) - at(7)).toBeGreaterThan(25);
    expect(at(19.5) - at(18)).toBeGreaterThan(25);
    expect(Math.abs(at(6) - 118)).toBeLessThan(8);
  });

  it('keeps the usual values as its mean, and varies over a day as people do (CV about 6.9 to 14.9 %)', () => {
    for (const seed of [1, 2, 3]) {
      const body = createPhysiology(seededRandom(seed), usual);
      const systolic = hourly(120).map((ms) => body.bloodPressureAt(ms).systolic);
      const mean = meanOf(systolic);
      const spread = Math.sqrt(meanOf(systolic.map((value) => (value - mean) ** 2)));
      expect(Math.abs(mean - usual.systolic)).toBeLessThan(2);
      expect(spread / mean).toBeGreaterThan(0.055);
      expect(spread / mean).toBeLessThan(0.1);
    }
  });

  it('drifts up and answers to a medicine', () => {
    const meanAround = (profile: PhysiologyProfile, at: number) => {
      const body = createPhysiology(seededRandom(4), profile);
      return meanOf(Array.from({ length: 48 }, (_, hour) => body.bloodPressureAt(at - hour * hourMs).systolic));
    };
    const change = (profile: PhysiologyProfile) => meanAround(profile, to) - meanAround(usual, to);
    expect(change({ ...usual, drift: { from, mmHg: 12, days: 30 } })).toBeCloseTo(12, -0.5);
    expect(change({ ...usual, medication: { from, mmHg: 10, days: 14 } })).toBeCloseTo(-10, -0.5);
    expect(change({ ...usual, medication: { from: to + dayMs, mmHg: 10, days: 14 } })).toBe(0);
  });
});

describe('history', () => {
  const history = (seed: number, plan: Parameters<typeof historyOf>[2]) => historyOf(seededRandom(seed), usual, plan);

  it('is thirty days of mornings and evenings, twice each, a minute or two apart, some of them missed', () => {
    const measured = history(5, { from, to });
    expect(measured.length).toBeGreaterThan(80);
    expect(measured.length).toBeLessThan(120);
    expect(measured.length % 2).toBe(0);
    for (let i = 0; i < measured.length; i += 2) {
      const gap = measured[i + 1]!.takenAt - measured[i]!.takenAt;
      expect(gap).toBeGreaterThanOrEqual(59_000);
      expect(gap).toBeLessThanOrEqual(121_000);
    }
    const hours = measured.map(({ takenAt }) => Math.floor(localHour(takenAt)));
    expect(hours.filter((hour) => ![6, 7, 19, 20, 21].includes(hour))).toEqual([]);
  });

  it('misses nothing at full adherence, and about as much as adherence says', () => {
    const whole = history(6, { from, to, adherence: 1 });
    expect(whole).toHaveLength(30 * 4);
    const many = Array.from({ length: 40 }, (_, seed) => history(seed, { from, to, adherence: 0.7 }).length);
    expect(meanOf(many) / whole.length).toBeCloseTo(0.7, 1);
  });

  it('gives a stretch of time the same measurements whichever ends it is asked with', () => {
    fc.assert(
      fc.property(seeds, moments, moments, (seed, one, other) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)];
        const part = history(seed, { from: start, to: end });
        const all = history(seed, { from, to }).filter(({ takenAt }) => takenAt >= start && takenAt < end);
        expect(part).toEqual(all);
      }),
      { numRuns: 30 },
    );
  });

  it('goes on, for the same seed, as the body that measures live', () => {
    const body = createPhysiology(seededRandom(8), usual);
    for (const { takenAt, ...measured } of history(8, { from, to }))
      expect(measured).toEqual(body.bloodPressureAt(takenAt));
  });

  it('samples a wearable at even times', () => {
    const samples = wearableHistoryOf(seededRandom(9), usual, { from: from + 1, to: from + hourMs, everyMs: 60_000 });
    expect(samples).toHaveLength(59);
    expect(samples.every(({ takenAt }) => takenAt % 60_000 === 0)).toBe(true);
  });
});
