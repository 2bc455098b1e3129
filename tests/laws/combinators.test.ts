import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Severity } from '#domain/alert.ts';
import { parametersInForce } from '#domain/rule-book.ts';
import type { PanelName, VitalName } from '#domain/vitals.ts';
import { book } from '../../rules/book/index.ts';
import { missedOf } from '../../rules/combinators/absence.ts';
import { adherenceTo } from '../../rules/combinators/adherence.ts';
import { evaluate, keptOf, needsPast } from '../../rules/evaluate.ts';
import { createHistory, type History, insertReading } from '../../rules/history/history.ts';
import type { Expected, Happening, Judging, Rule, Silence } from '../../rules/rule.ts';
import { anyHistoryOf } from '../support/any-history.ts';
import { judgedReadingOf, type Measured, play } from '../support/histories.ts';

/** Ways of judging that the laws over the whole book do not reach: against naive models, over gaps, over weeks, when nothing comes. */

const start = Date.UTC(2026, 6, 1);
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** A rule of our own: parameters by name, limits as `vital side`. */
function ruleOf(
  judging: Judging,
  panels: readonly [PanelName, ...PanelName[]],
  parameters: Record<string, number>,
  severity: Severity = 'routine',
): Rule {
  const words = { en: 'Tried', zh: '试' };
  return {
    rule: 'tried',
    problem: 'tried',
    programmes: [],
    version: 1,
    title: words,
    advice: words,
    severity,
    panels,
    judging,
    pages: severity === 'critical',
    tasks: [],
    parameters: Object.entries(parameters).map(([name, value]) => {
      const [vital, side] = name.split(' ') as [VitalName, 'above' | 'below' | undefined];
      const told = { label: words, unit: '1', default: value, low: value, high: value, source: 'this test' };
      return side ? { name: `${vital}-${side}`, ...told, limits: { vital, side } } : { name, ...told };
    }),
  };
}

const samples = (values: readonly (number | null)[], everyMs = 5 * minute): Measured[] =>
  values.flatMap((value, n): Measured[] =>
    value === null
      ? []
      : [{ panel: 'continuous-glucose', values: { 'sensor-glucose': value }, takenAt: start + n * everyMs }],
  );
const grounds = (rule: Rule, measured: readonly Measured[]) => play(rule, measured).episodes.map((e) => e.grounds[0]);

describe('sustained', () => {
  const low = ruleOf({ kind: 'sustained' }, ['continuous-glucose'], {
    'sensor-glucose below': 54,
    'for-minutes': 30,
    'gap-minutes-at-most': 15,
    'samples-at-least': 4,
  });

  /** Every stretch of low samples without a gap, looked at one by one. */
  function naive(values: readonly (number | null)[]): boolean {
    let run: number[] = [];
    for (const [n, value] of values.entries()) {
      if (value === null) continue;
      if (value >= 54) run = [];
      else if (run.length > 0 && n - run.at(-1)! > 3) run = [n];
      else run.push(n);
      const first = run.findLast((then) => n - then >= 6);
      if (first !== undefined && run.filter((then) => then >= first).length >= 4) return true;
    }
    return false;
  }

  it('finds what a naive look at every stretch finds, and never anything over a gap in the data', () => {
    const anyValue = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 40, max: 53 }) },
      { weight: 2, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constantFrom(54, 60, 120) },
    );
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 40 }), (values) => {
        expect(grounds(low, samples(values)).length > 0).toBe(naive(values));
      }),
      { numRuns: 400 },
    );
  });

  it('is silent on both sides of a gap, however long it is', () => {
    for (let gap = 3; gap < 60; gap++)
      expect(grounds(low, samples([...Array(6).fill(45), ...Array(gap).fill(null), ...Array(6).fill(45)]))).toEqual([]);
  });
});

describe('forecast', () => {
  const wish = {
    'sensor-glucose below': 55,
    'within-minutes': 20,
    'over-minutes': 20,
    'samples-at-least': 4,
    'gap-minutes-at-most': 15,
  };
  const line = ruleOf({ kind: 'forecast', model: 'linear' }, ['continuous-glucose'], wish, 'urgent');
  const ar2 = ruleOf({ kind: 'forecast', model: 'ar2' }, ['continuous-glucose'], wish, 'urgent');

  it('says when a straight line reaches the limit in time, and only then', () => {
    fc.assert(
      fc.property(fc.integer({ min: 56, max: 200 }), fc.integer({ min: -20, max: 20 }), (latest, slope) => {
        const values = [3, 2, 1, 0].map((before) => latest - slope * before);
        if (values.some((value) => value < 55 || value > 400)) return;
        const reaches = slope < 0 && latest + 4 * slope <= 55;
        expect(grounds(line, samples(values))).toEqual(reaches ? ['forecast'] : []);
      }),
      { numRuns: 400 },
    );
  });

  it('follows the second-order autoregression of Nightscout', () => {
    fc.assert(
      fc.property(fc.integer({ min: 56, max: 300 }), fc.integer({ min: 56, max: 300 }), (before, latest) => {
        if (Math.abs(before - latest) > 100) return;
        let [then, now] = [Math.log(before / 140), Math.log(latest / 140)];
        let reaches = false;
        for (let step = 0; step < 4; step++) {
          [then, now] = [now, 1.716 * now - 0.723 * then];
          now = Math.min(Math.log(400 / 140), Math.max(Math.log(36 / 140), now));
          reaches ||= 140 * Math.exp(now) < 55;
        }
        const values = [before, before, before, latest];
        expect(grounds(ar2, samples(values))).toEqual(reaches ? ['forecast'] : []);
      }),
      { numRuns: 400 },
    );
  });

  it('says nothing of a jump that no body makes, of what is low already, or over a gap', () => {
    expect(grounds(line, samples([210, 208, 206, 80]))).toEqual([]);
    expect(grounds(line, samples([70, 64, 58, 52]))).toEqual([]);
    expect(grounds(line, samples([100, 90, null, null, null, null, 70, 62]))).toEqual([]);
    expect(grounds(line, samples([92, 84, 76, 68]))).toEqual(['forecast']);
  });
});

describe('change', () => {
  const gain = ruleOf({ kind: 'change', vital: 'body-weight', direction: 'up' }, ['body-weight'], {
    'change-at-least': 2,
    days: 7,
    'readings-at-least': 4,
    'beyond-at-least': 2,
    'recovery-margin': 0.5,
  });
  const weight = (kg: number, at: number): Measured => ({
    panel: 'body-weight',
    values: { 'body-weight': kg },
    takenAt: start + at,
  });
  const week = [0, 1, 2, 3, 4].map((d) => weight(70 + 0.1 * d, d * day));

  it('asks for a second measurement at a first jump, and tells of it when that says the same', () => {
    const first = play(gain, [...week, weight(72.6, 5 * day)]);
    expect([first.episodes.length, first.asks]).toEqual([0, 1]);
    expect(grounds(gain, [...week, weight(72.6, 5 * day), weight(72.5, 5 * day + 3 * minute)])).toEqual(['change']);
    expect(grounds(gain, [...week, weight(72.6, 5 * day), weight(70.4, 5 * day + 3 * minute)])).toEqual([]);
    expect(grounds(gain, [...week, weight(72.6, 5 * day), weight(72.8, 6 * day)])).toEqual(['change']);
  });

  it('compares with nothing where there is too little, and clears when it is over', () => {
    expect(grounds(gain, [...week.slice(2), weight(73, 5 * day), weight(73, 5 * day + 3 * minute)])).toEqual([]);
    const over = play(gain, [...week, weight(73, 5 * day), weight(73, 5 * day + 3 * minute), weight(70.5, 6 * day)]);
    expect(over.episodes.map((e) => e.closed)).toEqual([true]);
  });
});

describe('over two weeks of a sensor', () => {
  const fortnight = { days: 14, 'coverage-percent': 70 };
  const inRange = ruleOf({ kind: 'share', vital: 'sensor-glucose', of: 'in' }, ['continuous-glucose'], {
    'range-low': 70,
    'range-high': 180,
    'share-percent': 70,
    ...fortnight,
  });
  const below = ruleOf({ kind: 'share', vital: 'sensor-glucose', of: 'below' }, ['continuous-glucose'], {
    'range-low': 70,
    'share-percent': 4,
    ...fortnight,
  });
  const unstable = ruleOf({ kind: 'variability', vital: 'sensor-glucose', measure: 'cv' }, ['continuous-glucose'], {
    'variability-at-least': 36,
    ...fortnight,
  });
  /** Of each ten samples so many are `odd`, the others 120; `lost` of ten are missing. */
  const weeks = (odd: number, of: number, lost = 0) =>
    samples(Array.from({ length: 14 * 288 + 12 }, (_, n) => (n % 10 >= 10 - lost ? null : n % 10 < of ? odd : 120)));

  it('counts the share in, and below, the range, and the variability, once a day', () => {
    const high = weeks(250, 4);
    expect([grounds(inRange, high), grounds(below, high), grounds(unstable, high)]).toEqual([
      ['share'],
      [],
      ['variability'],
    ]);
    const low = weeks(60, 1);
    expect([grounds(inRange, low), grounds(below, low), grounds(unstable, low)]).toEqual([[], ['share'], []]);
  });

  it('says nothing when too little of the time was measured', () => {
    expect(grounds(inRange, weeks(250, 4, 2))).toEqual(['share']);
    expect(grounds(inRange, weeks(250, 4, 4))).toEqual([]);
  });
});

describe('combination', () => {
  const shock = ruleOf({ kind: 'combination' }, ['blood-pressure', 'body-temperature'], {
    'systolic below': 100,
    'body-temperature above': 38,
    'within-minutes': 60,
  });
  const pressure = (systolic: number, at: number): Measured => ({ systolic, diastolic: 60, takenAt: start + at });
  const fever = (celsius: number, at: number): Measured => ({
    panel: 'body-temperature',
    values: { 'body-temperature': celsius },
    takenAt: start + at,
  });

  it('needs all of it within the time', () => {
    expect(grounds(shock, [pressure(95, 0), fever(38.4, 20 * minute)])).toEqual(['combination']);
    expect(grounds(shock, [fever(38.4, 0), pressure(95, 20 * minute)])).toEqual(['combination']);
    expect(grounds(shock, [pressure(95, 0), fever(38.4, 61 * minute)])).toEqual([]);
    expect(grounds(shock, [pressure(95, 0), pressure(120, 10 * minute), fever(38.4, 20 * minute)])).toEqual([]);
    expect(grounds(shock, [pressure(95, 0)])).toEqual([]);
  });
});

describe('when nothing comes', () => {
  const missed = (cause: Silence) =>
    ruleOf({ kind: 'absence', cause }, ['body-weight'], { 'missed-at-least': 2, 'grace-hours': 6 });
  const weight = (at: number): Measured => ({
    panel: 'body-weight',
    values: { 'body-weight': 70 },
    takenAt: start + at,
  });
  const daily: Expected = { expected: [{ panel: 'body-weight', times: 1, everyDays: 1 }], from: start, pause: null };
  const seldom = ruleOf({ kind: 'adherence' }, ['body-weight'], { days: 14, 'adherence-percent': 50 });

  function historyOf(rule: Rule, measured: readonly Measured[]): History {
    const history = createHistory();
    for (const m of measured) insertReading(history, keptOf([rule]), judgedReadingOf(m), m.takenAt + 1_000);
    return history;
  }
  const ticked = (rule: Rule, measured: readonly Measured[], at: number, silence: Silence | null, plan: Expected) => {
    const happening: Happening = { kind: 'tick', day: Math.floor((start + at) / day), silence };
    const subject = { history: historyOf(rule, measured), state: undefined, plan };
    return (evaluate(rule, parametersInForce(rule), subject, happening, start + at)?.effects ?? []).map((e) => e.kind);
  };

  it('says so for whose silence it is, and never because the platform does not hear', () => {
    for (const cause of ['patient', 'device', 'gateway'] as const)
      for (const silence of ['patient', 'device', 'gateway', 'platform', null] as const)
        expect(ticked(missed(cause), [weight(0)], 3 * day, silence, daily)).toEqual(cause === silence ? ['raise'] : []);
  });

  it('never says so while a reading is young enough, while nothing is expected, or while somebody is away', () => {
    const pause = {
      from: new Date(start + day).toISOString(),
      until: new Date(start + 9 * day).toISOString(),
      reason: 'holiday',
    } as const;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 * 24 }), fc.integer({ min: 0, max: 30 * 24 }), (last, later) => {
        const now = (last + later) * hour;
        const isMissed = later >= 2 * 24 + 6;
        expect(ticked(missed('patient'), [weight(last * hour)], now, 'patient', daily).length > 0).toBe(isMissed);
        expect(ticked(missed('patient'), [weight(last * hour)], now, 'patient', { ...daily, expected: [] })).toEqual(
          [],
        );
        const away = ticked(missed('patient'), [weight(last * hour)], now, 'patient', { ...daily, pause });
        if (away.length > 0) expect(isMissed && (now < day || now >= 9 * day + 2 * day + 6 * hour)).toBe(true);
      }),
    );
  });

  it('counts what was missed from the last reading, the beginning of the plan and the end of a pause, whichever is last', () => {
    const [expectation] = daily.expected;
    const history = historyOf(missed('patient'), [weight(0)]);
    const grace = 6 * hour;
    expect(missedOf(expectation!, history, daily, start + 3 * day + grace, grace)?.missed).toBe(3);
    expect(missedOf({ ...expectation!, times: 2 }, history, daily, start + 3 * day + grace, grace)?.missed).toBe(6);
    expect(
      missedOf(expectation!, history, { ...daily, from: start + 2 * day }, start + 3 * day + grace, grace)?.missed,
    ).toBe(1);
  });

  it('counts a day once, and leaves out days that were away', () => {
    const everySecond = Array.from({ length: 14 }, (_, d) => d).filter((d) => d % 2 === 0);
    const measured = everySecond.flatMap((d) => [weight(d * day + 7 * hour), weight(d * day + 8 * hour)]);
    const history = historyOf(seldom, measured);
    const at = { today: Math.floor(start / day) + 14, days: 14, now: start + 14 * day + hour };
    expect(adherenceTo(daily.expected[0]!, history, { from: start - 40 * day, pause: null }, at)).toEqual({
      came: 7,
      expected: 14,
      days: 14,
    });
    expect(ticked(seldom, measured.slice(0, 10), 14 * day + hour, null, { ...daily, from: start - 40 * day })).toEqual([
      'raise',
    ]);
    expect(ticked(seldom, measured, 14 * day + hour, null, { ...daily, from: start - 40 * day })).toEqual([]);
    expect(ticked(seldom, [], 3 * day, null, daily)).toEqual([]);
  });
});

describe('while the past is being rebuilt', () => {
  it('rules that look far back say nothing, and those that wake people judge all the same', () => {
    const confirmed = book.filter(({ judging }) => judging.kind === 'confirmed');
    for (const rule of confirmed) expect(needsPast(rule)).toBe(false);
    for (const rule of book.filter(needsPast))
      fc.assert(
        fc.property(anyHistoryOf(rule), (measured) => {
          const history = createHistory(false);
          for (const m of measured) {
            const reading = judgedReadingOf(m);
            insertReading(history, keptOf([rule]), reading, m.takenAt);
            const subject = { history, state: undefined };
            expect(
              evaluate(rule, parametersInForce(rule), subject, { kind: 'reading', reading }, m.takenAt),
            ).toBeUndefined();
          }
        }),
        { numRuns: 10 },
      );
  });
});
