import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { book } from '../../rules/book/index.ts';
import { historyIn, planIn } from '../support/table-notation.ts';
import { playTable, type TableAlert } from '../support/table-ward.ts';

/**
 * truth-table/ is written for doctors: a file for each condition, every row a history and what must come of it, over all rules of the book at
 * once. How it is written stands in support/table-notation.ts. An alert is `rule severity ground`; `then` what it became when a graver rule of
 * the same problem spoke; `closed` that it went by itself. `nearly` names the rules that a little more would have made speak.
 */

const folder = new URL('./truth-table/', import.meta.url);
const columns = ['situation', 'readings', 'plan', 'alerts', 'nearly', 'paged', 'asked', 'why'] as const;
type Row = Record<(typeof columns)[number], string>;

const tables = readdirSync(folder).map((file) => {
  const [, ...lines] = readFileSync(new URL(file, folder), 'utf8').trim().split('\n');
  const rows = lines.map((line) => {
    const cells = line.split(';');
    if (cells.length < columns.length) throw new Error(`a row of ${file} has ${cells.length} cells: ${line}`);
    // a reason may hold semicolons
    const why = cells.slice(columns.length - 1).join(';');
    return Object.fromEntries(columns.map((column, i) => [column, column === 'why' ? why : cells[i]])) as Row;
  });
  return { condition: file.replace('.csv', ''), rows };
});
const rows = tables.flatMap((table) => table.rows);

const short = (rule: string) => rule.replace(/^blood-pressure-/, '');
const long = (word: string) => book.find(({ rule }) => short(rule) === word)?.rule ?? word;
const alertText = ({ rule, severity, ground, worse, closed }: TableAlert) =>
  [`${short(rule)} ${severity} ${ground}`, ...worse.map(short)].join(' then ') + (closed ? ' closed' : '');

const rulesIn = (alerts: string): string[] => alerts.split(/, | then /).map((alert) => alert.split(' ')[0]!);

describe.each(tables)('the truth table of $condition', ({ rows: ofCondition }) => {
  it.each(ofCondition.map((row) => [row.situation, row] as const))('%s', (_, row) => {
    const seen = playTable(historyIn(row.readings), planIn(row.plan, long));
    const expected = row.alerts === 'nothing' ? [] : row.alerts.split(', ');
    expect(seen.alerts.map(alertText).sort()).toEqual(expected.sort());
    expect(seen.pages > 0 ? 'yes' : 'no').toBe(row.paged);
    expect(seen.asks > 0 ? 'yes' : 'no').toBe(row.asked);
    // one call for each crisis, and never a second
    const crises = seen.alerts.length + seen.alerts.flatMap(({ worse }) => worse).length;
    expect(seen.pages).toBeLessThanOrEqual(crises);
    // the gravest rule speaks, and in its own words
    expect(seen.misquoted).toEqual([]);
    for (const words of seen.explanations) {
      expect(words.en).not.toMatch(/undefined|NaN|null|Infinity/);
      expect(words.zh).not.toMatch(/undefined|NaN|null|Infinity/);
      expect(words.zh).toMatch(/[\u4e00-\u9fff]/);
    }
  });
});

describe('the truth table', () => {
  it('has a row in which each rule of the book raises, and one about its condition in which it nearly does', () => {
    for (const { rule } of book) {
      const name = short(rule);
      const raising = rows.filter(({ alerts }) => rulesIn(alerts).includes(name));
      expect(raising.length, `${name} raises`).toBeGreaterThan(0);
      const nearly = rows.filter((row) => row.nearly.split(', ').includes(name));
      expect(nearly.length, `${name} nearly raises`).toBeGreaterThan(0);
      for (const row of nearly) expect(rulesIn(row.alerts), row.situation).not.toContain(name);
    }
  });

  it('is long enough to be worth its name, and says each thing once', () => {
    expect(rows.length).toBeGreaterThanOrEqual(120);
    expect(new Set(rows.map(({ situation }) => situation)).size).toBe(rows.length);
  });
});
