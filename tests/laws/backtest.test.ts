import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BacktestReport, type Burden, type ParameterSet, usualPeople } from '#domain/backtest.ts';
import { SetupFault } from '#domain/errors.ts';
import { parametersInForce } from '#domain/rule-book.ts';
import { languages } from '#domain/words.ts';
import { writeCohortFile } from '#runtime/cohort-file.ts';
import { answerOf } from '../../rules/backtest/answer.ts';
import { livesInCohort } from '../../rules/backtest/lives.ts';
import type { Replayed } from '../../rules/backtest/outcome.ts';
import { withProposal } from '../../rules/backtest/proposal.ts';
import { answerBacktest, runBacktest, TooLarge } from '../../rules/backtest/run.ts';
import { tableOf } from '../../rules/backtest/table.ts';
import { readWords, spanIn } from '../../rules/backtest/words.ts';
import { book } from '../../rules/book/index.ts';
import { createCohort } from '../../simulators/cohort.ts';

/** What every backtest must obey; on a small cohort, in threads as ever. */

const from = Date.UTC(2026, 0, 5);
const cohort = { seed: 5, patients: 5, days: 24, from };
const span = { from: from + 10 * 86_400_000, to: from + cohort.days * 86_400_000 };
const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-backtest-'));
const path = join(folder, 'cohort.jsonl.gz');

const asItIs: ParameterSet = Object.fromEntries(book.map((rule) => [rule.rule, parametersInForce(rule)]));
const stricter: ParameterSet = {
  'blood-pressure-severe': { 'systolic-at-least': 150, 'diastolic-at-least': 95 },
  'glucose-severe-low': Object.fromEntries(
    book
      .find(({ rule }) => rule === 'glucose-severe-low')!
      .parameters.filter(({ limits }) => limits)
      .map(({ name, high }) => [name, high]),
  ),
};

const run = (set: ParameterSet | null, options: { threads?: number; memoryMiB?: number; signal?: AbortSignal } = {}) =>
  runBacktest(
    { history: { in: 'cohort', path, patients: cohort.patients }, kind: 'backtest', set, span, people: usualPeople },
    { threads: 2, onProgress: () => {}, ...options },
  );
const answered = (replayed: Replayed[], set: ParameterSet | null) =>
  answerOf({ rules: [], people: usualPeople, set, span }, replayed);

let changed: Replayed[];
let report: BacktestReport;
let plots: { en: string; zh: string };
beforeAll(async () => {
  await writeCohortFile(
    path,
    { cohort: 1, seed: cohort.seed, patients: cohort.patients, from, to: span.to },
    createCohort(cohort),
  );
  changed = await run(stricter);
  ({ report, plots } = answered(changed, stricter));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a backtest', () => {
  it('comes to the same however many threads share it, and on whichever it is put together', async () => {
    const shares: number[] = [];
    const history = { in: 'cohort', path, patients: cohort.patients } as const;
    const run = { history, kind: 'backtest', set: stricter, span, people: usualPeople } as const;
    expect(await answerBacktest(run, [], { onProgress: (share) => shares.push(share) })).toEqual({ report, plots });
    expect(shares).toEqual(Array.from({ length: cohort.patients }, (_, i) => (i + 1) / cohort.patients));
  });

  it('of what is in force already finds no difference', async () => {
    const { all, rules, appeared, vanished } = answered(await run(asItIs), asItIs).report;
    expect({ appeared: appeared.count, vanished: vanished.count }).toEqual({ appeared: 0, vanished: 0 });
    expect(all.proposed).toEqual(all.today);
    for (const { today, proposed } of rules) expect(proposed).toEqual(today);
    expect(all.today.alerts).toBeGreaterThan(0);
  });

  it('counts each alert in one week and each call in one hour, whatever is looked at', () => {
    const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
    const burdens = [report.all, ...report.rules].flatMap(({ today, proposed }) => [today, proposed!]);
    for (const { alerts, calls, alertsByWeek, callsByHour, clearedShare } of burdens) {
      expect([sum(alertsByWeek), sum(callsByHour)]).toEqual([alerts, calls]);
      expect(clearedShare === null).toBe(alerts === 0);
    }
    const total = (key: 'alerts' | 'calls', of: (burdens: { today: Burden; proposed: Burden | null }) => Burden) =>
      sum(report.rules.map((rule) => of(rule)[key]));
    expect(total('alerts', ({ today }) => today)).toBe(report.all.today.alerts);
    expect(total('calls', ({ proposed }) => proposed!)).toBe(report.all.proposed!.calls);
  });

  it('finds more with stricter limits, says which, and shows both in both languages', () => {
    expect(report.appeared.count).toBeGreaterThan(0);
    expect(report.all.proposed!.calls).toBeGreaterThan(report.all.today.calls);
    expect(report.changes).toHaveLength(3);
    for (const language of languages) {
      const plot = plots[language];
      expectWellFormed(plot);
      expect(plot).not.toMatch(/NaN|undefined|Infinity/);
      expect(plot).toContain('role="img"');
      const table = tableOf(report, language);
      for (const { [language]: change } of report.changes) expect(table).toContain(change);
    }
    expect(plots.zh).toContain('拟议修改');
    expect(plots.zh).not.toMatch(/[\u4e00-\u9fff][,;:!?()]|[,;:!?(][\u4e00-\u9fff]/);
  });

  it('measures against the truth, which the rules have not seen', () => {
    const { truth } = report.all.today;
    expect(truth!.events).toBeGreaterThan(0);
    expect(truth!.found).toBeLessThanOrEqual(truth!.detectable);
    expect(report.patientWeeks).toBeCloseTo((cohort.patients * (cohort.days - 10)) / 7, 6);
  });

  it('expects nothing of anybody from before the cohort begins', async () => {
    const froms: number[] = [];
    for await (const { patient } of livesInCohort(path, { nth: 0, of: 1 })) froms.push(patient.plan.from);
    expect(froms).toEqual(Array.from({ length: cohort.patients }, () => cohort.from));
  });

  it('is given up where it needs more memory than it is given, and when nobody wants it any more', async () => {
    await expect(run(null, { memoryMiB: 10 })).rejects.toBeInstanceOf(TooLarge);
    const stopping = new AbortController();
    const running = run(null, { signal: stopping.signal });
    stopping.abort(new Error('cancelled'));
    await expect(running).rejects.toThrow('cancelled');
  });
});

describe('a proposal', () => {
  const patient = {
    plan: { overrides: { a: { x: 1 }, b: { y: 1 } } },
    team: { overrides: { a: { z: 1 }, c: { v: 1 } } },
  } as unknown as Parameters<typeof withProposal>[0];

  it('takes the place of what the plan, or the team, sets for that rule; in a backtest it goes over it', () => {
    const overrides = (kind: Parameters<typeof withProposal>[1]) => {
      const { plan, team } = withProposal(patient, kind, { a: { w: 2 } });
      return [plan.overrides, team.overrides];
    };
    const { plan, team } = patient;
    expect(overrides('plan-forecast')).toEqual([{ ...plan.overrides, a: { w: 2 } }, team.overrides]);
    expect(overrides('team-forecast')).toEqual([plan.overrides, { ...team.overrides, a: { w: 2 } }]);
    expect(overrides('backtest')).toEqual([plan.overrides, { ...team.overrides, a: { z: 1, w: 2 } }]);
  });
});

describe('the words of the command', () => {
  it('are read as they are meant', () => {
    const words = readWords([
      ...[
        '--rules',
        'blood-pressure-severe,blood-pressure-low',
        '--from',
        '2026-01-01',
        '--to',
        '2026-02-01T12:00:00Z',
      ],
      ...['--set', 'blood-pressure-severe.systolic-at-least=170', '--close-after', 'never', '--json'],
    ]);
    expect(words).toMatchObject({
      rules: ['blood-pressure-severe', 'blood-pressure-low'],
      set: { 'blood-pressure-severe': { 'systolic-at-least': 170 } },
      people: { acknowledgeAfterMinutes: 15, closeAfterHours: null },
      json: true,
      language: 'en',
    });
    const [from, to] = [Date.UTC(2026, 0, 1), Date.UTC(2026, 1, 1, 12)];
    expect(spanIn(words, { from: 0, to: 4e12 })).toEqual({ from, to });
    // nothing is known of what has not been yet
    expect(spanIn(words, { from: 0, to: to - 1 })).toEqual({ from, to: to - 1 });
    expect(() => spanIn(words, { from: 0, to: from })).toThrow('choose an earlier --from');
  });

  it.each([
    [['--rules', 'no-such-rule'], 'There is no rule no-such-rule'],
    [['--set', 'blood-pressure-severe'], '--set takes rule.parameter=value'],
    [['--set', 'blood-pressure-severe.systolic-at-least=500'], 'must be 140 to 240 mmHg'],
    [['--set', 'blood-pressure-severe.colour=1'], 'the rule has no such parameter'],
    [['--from', 'yesterday'], '--from takes a day'],
    [['--from', '2026-02-31'], '--from takes a day'],
    [['--cohort', 'a', '--team', 'Riverside'], 'leave them out with --cohort'],
    [['--patients', 'somebody'], '--patients takes ids'],
    [['--acknowledge-after', 'soon'], '--acknowledge-after takes'],
    [['--language', 'fr'], '--language en'],
    [['--hurry'], 'npm run backtest'],
  ])('that are wrong are told in a sentence: %j', (args, sentence) => {
    expect(() => readWords(args)).toThrow(SetupFault);
    expect(() => readWords(args)).toThrow(sentence);
  });
});

/** Every element is closed in its place, and no text holds a bare sign of XML. */
function expectWellFormed(xml: string): void {
  const open: string[] = [];
  for (const [, closes, name, empty] of xml.matchAll(/<(\/?)([a-zA-Z]+)(?:\s+[a-zA-Z][\w-]*="[^"<]*")*\s*(\/?)>/g)) {
    if (closes) expect(open.pop()).toBe(name);
    else if (!empty) open.push(name!);
  }
  expect(open).toEqual([]);
  expect(xml.replaceAll(/<(\/?)([a-zA-Z]+)(?:\s+[a-zA-Z][\w-]*="[^"<]*")*\s*(\/?)>/g, '')).not.toMatch(
    /[<>]|&(?!amp;|lt;|gt;|quot;)/,
  );
}
