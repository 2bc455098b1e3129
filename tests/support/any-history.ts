import fc from 'fast-check';
import { artefactMarks, type Mark } from '#domain/reading.ts';
import { isContinuous, type PanelName, panels, type VitalName, vitals } from '#domain/vitals.ts';
import type { Rule } from '../../rules/rule.ts';
import type { Measured } from './histories.ts';

/** Histories on all sides of whatever a rule looks at: its limits, its bands, the change it looks for. */

export const start = Date.UTC(2026, 6, 30, 6, 0, 0);
const hourMs = 3_600_000;

/** Most readings are clean; where a rule is about a mark, every second one has it. */
const anyMarks = ({ judging }: Rule): fc.Arbitrary<Mark[]> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant<Mark[]>([]) },
    { weight: 1, arbitrary: fc.constantFrom(...artefactMarks).map((mark): Mark[] => [mark]) },
    { weight: 1, arbitrary: fc.constant<Mark[]>(['irregular-pulse']) },
    ...(judging.kind === 'repeated' && judging.marks
      ? [{ weight: 10, arbitrary: fc.constantFrom(...judging.marks).map((mark): Mark[] => [mark]) }]
      : []),
  );

/** A value that means something to the rule, or any ordinary one. */
function anyValue(rule: Rule, vital: VitalName): fc.Arbitrary<number> {
  const { decimals, hard, soft } = vitals[vital];
  const margin = rule.parameters.find((p) => p.name === 'recovery-margin')?.default ?? 0;
  const step = 10 ** -decimals;
  const telling: number[] = [];
  for (const { limits, default: limit } of rule.parameters)
    if (limits?.vital === vital)
      for (const by of [0, step, margin, margin + step, 2 * margin + 5 * step, 12 * step])
        telling.push(limit - by, limit + by);
  const { judging } = rule;
  const usual = vitals[vital].soft[0] + (vitals[vital].soft[1] - vitals[vital].soft[0]) * 0.4;
  if (judging.kind === 'change' && judging.vital === vital) {
    const change = rule.parameters.find((p) => p.name === 'change-at-least')?.default ?? 0;
    for (const by of [0, 0, 0, change, change + step, change - step, change - margin, 2 * change])
      telling.push(usual + by, usual - by);
  }
  if (judging.kind === 'score')
    for (const item of judging.items)
      if (item.vitals.includes(vital)) for (const { upTo } of item.bands) telling.push(upTo, upTo + step);
  const possible = (value: number) => Number(Math.min(hard[1], Math.max(hard[0], value)).toFixed(decimals));
  const anything = fc.double({ min: soft[0], max: soft[1], noNaN: true });
  return (
    telling.length > 0 ? fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...telling) }, anything) : anything
  ).map(possible);
}

const anyValues = (rule: Rule, panel: PanelName): fc.Arbitrary<Partial<Record<VitalName, number>>> =>
  fc.record(
    Object.fromEntries(
      [...panels[panel].required, ...panels[panel].optional].map((vital) => [vital, anyValue(rule, vital)]),
    ),
    { requiredKeys: [...panels[panel].required] },
  );

const anyMeasured = (rule: Rule, anyTime: fc.Arbitrary<number>): fc.Arbitrary<Measured> =>
  fc
    .constantFrom(...rule.panels)
    .chain((panel) =>
      fc
        .tuple(anyValues(rule, panel), anyTime, anyMarks(rule))
        .map(([values, takenAt, marks]) => ({ panel, values, takenAt, marks })),
    );

const byTime = (ms: Measured[]) => ms.sort((a, b) => a.takenAt - b.takenAt);

/** Readings at moments of their own, oldest first, within so many hours. */
const anySpotHistory = (rule: Rule, hours: number, maxLength: number): fc.Arbitrary<Measured[]> =>
  fc
    .uniqueArray(
      anyMeasured(
        rule,
        fc.integer({ min: 0, max: hours * 3_600 }).map((s) => start + 1_000 * s),
      ),
      {
        maxLength,
        selector: (m) => m.takenAt,
      },
    )
    .map(byTime);

/** Who measures some times a day, for days on end with much the same values, and then with others. */
const anyRegularHistory = (rule: Rule): fc.Arbitrary<Measured[]> => {
  const anyStretch = fc.constantFrom(...rule.panels).chain((panel) =>
    fc.record({
      panel: fc.constant(panel),
      values: anyValues(rule, panel),
      days: fc.integer({ min: 1, max: 8 }),
      perDay: fc.integer({ min: 1, max: 4 }),
      marks: fc.array(anyMarks(rule), { minLength: 1, maxLength: 3 }),
    }),
  );
  return fc.array(anyStretch, { minLength: 1, maxLength: 4 }).map((stretches) => {
    const history: Measured[] = [];
    let day = 0;
    for (const { panel, values, days, perDay, marks } of stretches)
      for (const end = Math.min(20, day + days); day < end; day++)
        for (let n = 0; n < perDay; n++)
          history.push({
            panel,
            values,
            takenAt: start + day * 24 * hourMs + n * 3 * hourMs,
            marks: marks[n % marks.length]!,
          });
    return history;
  });
};

/** Rounds of a nurse who measures everything a score wants, or nearly everything. */
const anyRounds = (rule: Rule): fc.Arbitrary<Measured[]> => {
  const anyRound = fc.record({
    values: fc.tuple(...rule.panels.map((panel) => anyValues(rule, panel))),
    marks: fc.array(anyMarks(rule), { minLength: rule.panels.length, maxLength: rule.panels.length }),
    forgotten: fc.integer({ min: 0, max: 4 * rule.panels.length }),
  });
  return fc.array(anyRound, { maxLength: 4 }).map((rounds) =>
    rounds.flatMap(({ values, marks, forgotten }, round) =>
      rule.panels.flatMap((panel, n) => {
        const takenAt = start + round * 2 * hourMs + n * 120_000;
        return n === forgotten ? [] : [{ panel, values: values[n]!, takenAt, marks: marks[n]! }];
      }),
    ),
  );
};

/** A worn device: a sample every minute or every five, some of them lost, and stretches on one side of a limit. */
const anyWornHistory = (rule: Rule): fc.Arbitrary<Measured[]> => {
  const [panel] = rule.panels;
  const everyMs = panel === 'heart-rate' ? 60_000 : 300_000;
  const anyStretch = fc.record({
    values: anyValues(rule, panel),
    samples: fc.integer({ min: 1, max: 30 }),
    lost: fc.integer({ min: 0, max: 8 }),
    slope: fc.integer({ min: -6, max: 6 }),
    marks: anyMarks(rule),
  });
  return fc.array(anyStretch, { maxLength: 5 }).map((stretches) => {
    const history: Measured[] = [];
    let takenAt = start;
    for (const { values, samples, lost, slope, marks } of stretches) {
      for (let n = 0; n < samples; n++) {
        const [vital, value] = Object.entries(values)[0] as [VitalName, number];
        const [low, high] = vitals[vital].hard;
        const at = Math.min(high, Math.max(low, value + slope * n));
        history.push({ panel, values: { [vital]: at }, takenAt, marks });
        takenAt += everyMs;
      }
      takenAt += lost * everyMs;
    }
    return history;
  });
};

/** Hours for a rule that wants a second measurement, weeks too for one that looks back. */
export const anyHistoryOf = (rule: Rule): fc.Arbitrary<Measured[]> => {
  if (isContinuous(rule.panels[0])) return anyWornHistory(rule);
  const hours = anySpotHistory(rule, 3, 16);
  if (rule.judging.kind === 'confirmed') return hours;
  if (rule.judging.kind === 'score') return fc.oneof(hours, anyRounds(rule));
  return fc.oneof(hours, anySpotHistory(rule, 20 * 24, 36), { weight: 3, arbitrary: anyRegularHistory(rule) });
};

/** When everything of such a history has been heard and every countdown is over. */
export const afterAll = start + 22 * 24 * hourMs;

export const isArtefact = (m: Measured): boolean => (m.marks ?? []).some((mark) => artefactMarks.includes(mark));
