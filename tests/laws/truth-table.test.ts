import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Mark } from '#domain/reading.ts';
import { book } from '../../rules/book/index.ts';
import type { Rule } from '../../rules/rule.ts';
import { type Measured, play } from '../support/histories.ts';

/**
 * truth-table.csv is written for doctors: every row is a history and what must come of it, over all rules of the book at once.
 * Readings are `+minutes:seconds systolic/diastolic`, then perhaps a mark and `heard +minutes:seconds` when they arrived later;
 * `days 8-14 141/86 x4` is that value four times a day, heard then or later as well; `closed +30:00` is a person who closes what is open.
 */

const start = Date.UTC(2026, 6, 1, 0, 0, 0);
const minute = 60_000;
const day = 24 * 60 * minute;

const rows = readFileSync(new URL('./truth-table.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1);

describe('the truth table', () => {
  it('has a row for every rule of the book', () => {
    for (const rule of book)
      expect(
        rows.filter((row) => alertsIn(row).some((a) => a.startsWith(`${short(rule)} `))).length,
        rule.rule,
      ).toBeGreaterThan(0);
    expect(rows.length).toBeGreaterThanOrEqual(25);
  });

  it.each(rows.map((row) => [row.split(';')[0], row] as const))('%s', (_, row) => {
    const [, readings, plan, , paged, asked] = row.split(';') as string[];
    const { history, closeAt } = historyIn(readings!);
    const until = Math.max(...history.map((m) => m.receivedAt ?? m.takenAt)) + 60 * minute;
    const alerts: string[] = [];
    let [pages, asks] = [0, 0];
    for (const rule of book) {
      const seen = play(rule, history, { until, closeAt, overrides: overridesIn(plan!, rule) });
      pages += seen.pages;
      asks += seen.asks;
      for (const e of seen.episodes)
        alerts.push(
          `${short(rule)} ${e.severity} ${e.grounds[0]}${e.closed && closeAt === undefined ? ' closed' : ''}`,
        );
    }
    expect(alerts.sort()).toEqual(alertsIn(row).sort());
    expect(pages > 0 ? 'yes' : 'no').toBe(paged);
    expect(asks > 0 ? 'yes' : 'no').toBe(asked);
    // one call for each alert that calls, and never a second
    expect(pages).toBeLessThanOrEqual(alerts.length);
  });
});

const short = (rule: Rule) => rule.rule.replace('blood-pressure-', '');

function alertsIn(row: string): string[] {
  const alerts = row.split(';')[3]!;
  return alerts === 'nothing' ? [] : alerts.split(', ');
}

function overridesIn(plan: string, rule: Rule): Record<string, number> {
  const found = /^(\S+) ([a-z-]+)=(\d+)$/.exec(plan);
  return found && found[1] === short(rule) ? { [found[2]!]: Number(found[3]) } : {};
}

const marks: Record<string, Mark> = {
  moving: 'body-movement',
  'loose cuff': 'cuff-too-loose',
  'irregular pulse': 'irregular-pulse',
};

function historyIn(text: string): { history: Measured[]; closeAt: number | undefined } {
  const history: Measured[] = [];
  let closeAt: number | undefined;
  for (const piece of text.split(', ')) {
    const closed = /^closed \+(\d+):(\d\d)$/.exec(piece);
    const days = /^days (\d+)-(\d+) (\d+)\/(\d+) x(\d)( moving)?(?: heard \+(\d+):(\d\d))?$/.exec(piece);
    const one = /^\+(\d+):(\d\d) (\d+)\/(\d+)(?: (moving|loose cuff|irregular pulse))?(?: heard \+(\d+):(\d\d))?$/.exec(
      piece,
    );
    if (closed) closeAt = at(closed[1]!, closed[2]!);
    else if (days) history.push(...block(days));
    else if (one) {
      const takenAt = at(one[1]!, one[2]!);
      history.push({
        systolic: Number(one[3]),
        diastolic: Number(one[4]),
        takenAt,
        receivedAt: one[6] ? at(one[6], one[7]!) : takenAt + 1_000,
        marks: one[5] ? [marks[one[5]]!] : [],
      });
    } else throw new Error(`the truth table has a reading nobody can read: ${piece}`);
  }
  return { history: history.sort((a, b) => (a.receivedAt ?? 0) - (b.receivedAt ?? 0)), closeAt };
}

const at = (minutes: string, seconds: string) => start + Number(minutes) * minute + Number(seconds) * 1000;

/** Two readings at seven in the morning, two in the evening, as many of them as asked for. */
function block(found: RegExpExecArray): Measured[] {
  const [from, to, systolic, diastolic, times] = found.slice(1, 6).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const moments = [7 * 60, 7 * 60 + 2, 19 * 60, 19 * 60 + 2].slice(0, times);
  return Array.from({ length: to - from + 1 }, (_, i) => from + i).flatMap((d) =>
    moments.map((m) => {
      const takenAt = start + (d - 1) * day + m * minute;
      return {
        systolic,
        diastolic,
        takenAt,
        receivedAt: found[7] ? at(found[7], found[8]!) : takenAt + 1_000,
        marks: found[6] ? (['body-movement'] as Mark[]) : [],
      };
    }),
  );
}
