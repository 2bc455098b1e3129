import { parseArgs } from 'node:util';
import { SetupFault } from '#domain/errors.ts';

/** What the command is told. `speed`: seconds of the cohort in a second of ours. */
export type Words = {
  seed: number;
  patients: number;
  days: number;
  to: number | undefined;
  team: string | undefined;
} & ({ do: 'write'; file: string } | { do: 'store' } | { do: 'stream'; speed: number });

export const usage = [
  'npm run cohort -- [--seed 1] [--patients 200] [--days 90] [--to 2026-11-01] and one of',
  '  --write cohort.jsonl.gz        into a file, for npm run backtest -- --cohort cohort.jsonl.gz',
  '  --store [--team name]          into the platform that runs here, as homes would that were without a link for so long',
  '  --stream [--speed 1] [--team]  live, from now on, so many times as fast as life',
].join('\n');

/** @throws SetupFault that says what is wrong with them */
export function readWords(args: readonly string[]): Words {
  const { values } = parsed(args);
  const chosen = [values.write !== undefined, values.store === true, values.stream === true].filter(Boolean).length;
  if (chosen !== 1) throw new SetupFault(`Say one of --write, --store and --stream:\n${usage}`);
  const shared = {
    seed: numberOf('seed', values.seed, 1, [0, 2 ** 31 - 1]),
    patients: numberOf('patients', values.patients, 200, [1, 100_000]),
    days: numberOf('days', values.days, 90, [1, 1_830]),
    to: momentOf(values.to),
    team: values.team,
  };
  if (values.write !== undefined) return { ...shared, do: 'write', file: values.write };
  if (values.store) return { ...shared, do: 'store' };
  return { ...shared, do: 'stream', speed: numberOf('speed', values.speed, 1, [1, 10_000]) };
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...{ seed: text, patients: text, days: text, to: text, team: text, write: text, speed: text },
        ...{ store: flag, stream: flag },
      },
    });
  } catch (fault) {
    throw new SetupFault(`${fault instanceof Error ? fault.message : 'The words could not be read'}. Say:\n${usage}`);
  }
}

function numberOf(name: string, text: string | undefined, usual: number, [low, high]: [number, number]): number {
  if (text === undefined) return usual;
  const value = Number(text);
  if (!Number.isInteger(value) || value < low || value > high)
    throw new SetupFault(`--${name} takes a whole number from ${low} to ${high}.`);
  return value;
}

function momentOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new SetupFault('--to takes a day such as 2026-11-01.');
  return at;
}
