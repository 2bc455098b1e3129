import { parseArgs } from 'node:util';
import { type ParameterSet, type PeopleModel, spanDaysAtMost, usualPeople } from '#domain/backtest.ts';
import { SetupFault } from '#domain/errors.ts';
import { PatientId } from '#domain/ids.ts';
import { faultsOfOverrides } from '#domain/rule-book.ts';
import type { Language } from '#domain/words.ts';
import { instant } from '#runtime/clock.ts';
import { book } from '../book/index.ts';
import type { Span } from './outcome.ts';

/** What the command is told. `span`: undefined where nobody said. */
export type Words = {
  rules: string[];
  patients: PatientId[];
  team: string | undefined;
  from: number | undefined;
  to: number | undefined;
  set: ParameterSet | null;
  people: PeopleModel;
  cohort: string | undefined;
  svg: string | undefined;
  json: boolean;
  language: Language;
};

export const usage = [
  'npm run backtest -- [--rules a,b] [--from 2026-01-01] [--to 2026-04-01] [--patients id,id] [--team name]',
  '                    [--set rule.parameter=value]… [--cohort file] [--svg file] [--json] [--language en|zh]',
  '                    [--acknowledge-after minutes|never] [--close-after hours|never]',
].join('\n');

/** @throws SetupFault that says what is wrong with them */
export function readWords(args: readonly string[]): Words {
  const { values } = parsed(args);
  const rules = listOf(values.rules);
  for (const rule of rules) if (!book.some((one) => one.rule === rule)) throw noSuchRule(rule);
  if (values.cohort !== undefined && (values.patients !== undefined || values.team !== undefined))
    throw new SetupFault('--patients and --team choose from those of the platform: leave them out with --cohort.');
  const { language = 'en' } = values;
  if (language !== 'en' && language !== 'zh') throw new SetupFault('Say --language en or --language zh.');
  return {
    rules,
    patients: listOf(values.patients).map(patientOf),
    team: values.team,
    from: momentOf('from', values.from),
    to: momentOf('to', values.to),
    set: setOf(values.set ?? []),
    people: {
      acknowledgeAfterMinutes: spanOf(
        'acknowledge-after',
        values['acknowledge-after'],
        usualPeople.acknowledgeAfterMinutes,
        0,
        10_080,
      ),
      closeAfterHours: spanOf('close-after', values['close-after'], usualPeople.closeAfterHours, 1, 2_160),
    },
    cohort: values.cohort,
    svg: values.svg,
    json: values.json ?? false,
    language,
  };
}

/**
 * @param usual where nothing is said; nothing is known after its end: whoever looks beyond it would find all that is expected missed.
 * @throws SetupFault
 */
export function spanIn({ from, to }: Pick<Words, 'from' | 'to'>, usual: Span): Span {
  const span = { from: from ?? usual.from, to: Math.min(to ?? usual.to, usual.to) };
  if (span.from >= usual.to)
    throw new SetupFault(`Nothing is known from ${instant(span.from)} on: choose an earlier --from.`);
  if (span.from >= span.to) throw new SetupFault('The time looked at ends before it begins: correct --from and --to.');
  if (span.to - span.from > spanDaysAtMost * 86_400_000)
    throw new SetupFault(
      `The time looked at is longer than a year: choose --from and --to within ${spanDaysAtMost} days.`,
    );
  return span;
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...{ rules: text, from: text, to: text, patients: text, team: text, cohort: text, svg: text, language: text },
        ...{ 'acknowledge-after': text, 'close-after': text },
        set: { type: 'string', multiple: true },
        json: { type: 'boolean' },
      },
    });
  } catch (fault) {
    const why = fault instanceof Error ? fault.message.replace(/\.$/, '') : 'The words could not be read';
    throw new SetupFault(`${why}. Say:\n${usage}`);
  }
}

const listOf = (text: string | undefined): string[] => text?.split(',').filter((one) => one !== '') ?? [];

const noSuchRule = (rule: string) =>
  new SetupFault(`There is no rule ${rule}: the book has ${book.map((one) => one.rule).join(', ')}.`);

function patientOf(text: string): PatientId {
  const id = PatientId.safeParse(text);
  if (!id.success) throw new SetupFault('--patients takes ids of patients, with commas between them.');
  return id.data;
}

/** A day is its beginning in UTC. */
function momentOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = /^\d{4}-\d{2}-\d{2}(T.*Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  // the 31st of a short month is none
  if (Number.isNaN(at) || (text.length === 10 && instant(at).slice(0, 10) !== text))
    throw new SetupFault(`--${name} takes a day such as 2026-01-31, or a moment such as 2026-01-31T08:00:00Z.`);
  return at;
}

function spanOf(
  name: string,
  text: string | undefined,
  usual: number | null,
  low: number,
  high: number,
): number | null {
  if (text === undefined) return usual;
  if (text === 'never') return null;
  const value = Number(text);
  if (!Number.isInteger(value) || value < low || value > high)
    throw new SetupFault(`--${name} takes ${low} to ${high}, or never.`);
  return value;
}

function setOf(texts: readonly string[]): ParameterSet | null {
  const set: ParameterSet = {};
  for (const text of texts) {
    const told = /^([a-z0-9-]+)\.([a-z0-9-]+)=(-?\d+(?:\.\d+)?)$/.exec(text);
    if (!told)
      throw new SetupFault('--set takes rule.parameter=value, such as blood-pressure-severe.systolic-at-least=170.');
    const [, rule = '', parameter = '', value] = told;
    const entry = book.find((one) => one.rule === rule);
    if (!entry) throw noSuchRule(rule);
    const [fault] = faultsOfOverrides(entry, { [parameter]: Number(value) });
    if (fault) throw new SetupFault(`${rule}.${parameter}: ${fault.detail}.`);
    set[rule] = { ...set[rule], [parameter]: Number(value) };
  }
  return texts.length > 0 ? set : null;
}
