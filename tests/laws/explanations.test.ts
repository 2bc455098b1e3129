import { describe, expect, it } from 'vitest';
import type { Words } from '#domain/words.ts';
import { book } from '../../rules/book/index.ts';
import { missedOf } from '../../rules/combinators/absence.ts';
import { keptOf } from '../../rules/evaluate.ts';
import type { Finding } from '../../rules/finding.ts';
import { createHistory, insertReading } from '../../rules/history/history.ts';
import { withLatest } from '../../rules/words/explain.ts';
import { explainFinding } from '../../rules/words/explain-findings.ts';
import { evidenceOf, judgedReadingOf } from '../support/histories.ts';

/** What an alert says must be so, word for word. */

const ruleOf = (name: string) => book.find(({ rule }) => rule === name)!;
const told = (name: string, finding: Finding): Words => explainFinding(ruleOf(name), {}, finding, undefined);
const day = 86_400_000;

describe('an explanation', () => {
  it('counts measurements where measurements were counted, and not days', () => {
    const finding: Finding = {
      ...{ ground: 'adherence', panel: 'blood-pressure', percent: 35.7 },
      ...{ came: 10, expected: 28, days: 14 },
    };
    const words = explainFinding(ruleOf('measuring-seldom'), { 'adherence-percent': 50 }, finding, undefined);
    expect(words.en).toBe(
      'Over 14 days of the plan 10 of 28 expected measurements of blood pressure came: 36 %. Limit: less than 50 %.',
    );
    expect(words.zh).toBe('计划内 14 天应测血压 28 次，实测 10 次，完成率 36 %。限值：低于 50 %。');
  });

  it('says when the last one was taken, also where counting began later', () => {
    const rule = ruleOf('measurements-missed');
    const history = createHistory();
    const taken = Date.UTC(2026, 6, 1, 7);
    const measured = { systolic: 128, diastolic: 78, takenAt: taken };
    insertReading(history, keptOf([rule]), judgedReadingOf(measured), taken);
    const expectation = { panel: 'blood-pressure', times: 1, everyDays: 1 } as const;
    const silence = missedOf(expectation, history, { from: taken + 17 * day, pause: null }, taken + 20 * day, 0)!;
    expect(silence).toMatchObject({ missed: 3, latest: taken });
    const words = told('measurements-missed', {
      ...{ ground: 'absence', panel: 'blood-pressure', cause: 'patient' },
      ...silence,
    });
    expect(words.en).toContain(
      'Blood pressure was expected and has not come 3 times in a row; the last one was taken 20 days ago.',
    );
    expect(words.zh).toContain('应收到的血压读数连续 3 次未收到；末次测量在 20 天前。');
  });

  it('calls no value inside or beyond a limit that is one of several values, of an average or of a score', () => {
    const opening = { en: 'Why.', zh: '缘由。' };
    const fever = evidenceOf({ panel: 'body-temperature', values: { 'body-temperature': 38.6 }, takenAt: 0 });
    expect(withLatest(ruleOf('fever-with-fast-pulse'), opening, fever, 'within').en).toMatch(
      /^Why\. Latest: 38\.6 °C; on the whole back inside the limit\./,
    );
    const high = evidenceOf({ panel: 'glucose', values: { glucose: 310 }, takenAt: 0 });
    expect(withLatest(ruleOf('glucose-high-for-a-day'), opening, high, 'near').zh).toBe(
      '缘由。最新读数：17.2 mmol/L；总体已回到限值以内，但尚不明显。',
    );
    expect(withLatest(ruleOf('glucose-dangerously-high'), opening, high, 'within').en).toMatch(
      /^Why\. Latest: 310 mg\/dL \(17\.2 mmol\/L\), back inside the limit\./,
    );
  });
});
