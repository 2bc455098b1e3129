import { closeSync, openSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { forecastDays } from '#domain/backtest.ts';
import { SetupFault } from '#domain/errors.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { openCohortFile } from '#runtime/cohort-file.ts';
import { readConfig } from '#runtime/config.ts';
import { careTeams } from '#runtime/records/clinicians.ts';
import { connect, type Records } from '#runtime/records/connect.ts';
import type { JudgedPatient } from '#runtime/records/judged-patients.ts';
import { patientsToReplay } from '#runtime/records/plans.ts';
import { addressBeside } from '#runtime/servers/vitals.ts';
import { databaseUrlBeside, faultSentence } from '#runtime/setup/beside.ts';
import { createProgress } from '#runtime/setup/progress.mjs';
import { answerOf } from './answer.ts';
import { type Run, runBacktest } from './run.ts';
import { tableOf } from './table.ts';
import { readWords, spanIn, usage, type Words } from './words.ts';

/**
 * `npm run backtest -- …`, or `hearthbeat backtest …`: judges stored history, or a cohort's, once more, as it is today and with a
 * change; see `usage`. The table, or with `--json` the report, goes to standard output. For stored history the platform must be running.
 */
try {
  if (process.argv.includes('--help')) console.log(usage);
  else await answer(readWords(process.argv.slice(2)));
} catch (fault) {
  createProgress().fail(faultSentence(fault));
  process.exitCode = 1;
}

async function answer(words: Words): Promise<void> {
  if (words.svg !== undefined) requireWritable(words.svg);
  const run = words.cohort === undefined ? await ofStore(words) : await ofCohort(words, words.cohort);
  const replayed = await runBacktest(run, { threads: availableParallelism(), onProgress: shown() });
  const { report, plots } = answerOf({ ...words, set: run.set, span: run.span }, replayed);
  if (words.svg !== undefined) writeFileSync(words.svg, plots[words.language], { mode: 0o600 });
  console.log(words.json ? JSON.stringify(report, null, 2) : tableOf(report, words.language));
}

/** Before minutes of work, not after them. @throws SetupFault */
function requireWritable(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    throw new SetupFault(`${path} cannot be written (${code}): name another file after --svg.`);
  }
}

async function ofCohort(words: Words, path: string): Promise<Run> {
  const { head } = await openCohortFile(path);
  const span = spanIn(words, head);
  return { history: { in: 'cohort', path, patients: head.patients }, kind: 'backtest', ...words, span };
}

async function ofStore(words: Words): Promise<Run> {
  const config = readConfig(process.env);
  const records = connect(databaseUrlBeside(config), { connections: 1, onFault: () => {} });
  try {
    const to = clock.now();
    const span = spanIn(words, { from: to - forecastDays * 86_400_000, to });
    const patients = await patientsFor(records, words);
    return { history: { in: 'store', address: addressBeside(config), patients }, kind: 'backtest', ...words, span };
  } finally {
    await records.destroy();
  }
}

async function patientsFor(records: Records, { team, patients }: Words): Promise<JudgedPatient[]> {
  const teams = (await careTeams(records)).filter(
    ({ id, name }) => team === undefined || [id, name.en, name.zh].includes(team),
  );
  if (teams.length === 0) throw new SetupFault('There is no such care team: correct --team.');
  const found = (await Promise.all(teams.map(({ id }) => patientsToReplay(records, id, patients)))).flat();
  const unknown = patients.filter((id) => !found.some(({ patient }) => patient === id));
  if (unknown.length > 0)
    throw new SetupFault(`There is no patient ${unknown.join(', ')}: correct --patients or --team.`);
  if (found.length === 0) throw new SetupFault('There are no patients there yet.');
  return found;
}

/** Percent, on standard error, where somebody looks. */
function shown(): (share: number) => void {
  if (process.stderr.isTTY !== true) return () => {};
  let last = -1;
  return (share) => {
    const percent = Math.floor(100 * share);
    if (percent === last) return;
    last = percent;
    process.stderr.write(percent === 100 ? '\r\x1b[K' : `\rReplaying … ${percent} %`);
  };
}
