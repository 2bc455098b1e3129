import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import {
  CohortHead,
  type CohortLine,
  type CohortPatient,
  type CohortPerson,
  PersonLine,
  type ReadingRow,
  readingOf,
  rowOf,
  rowsPerLine,
  type Truth,
  TruthLine,
} from '#domain/cohort-file.ts';
import { SetupFault } from '#domain/errors.ts';

/** Reads and writes cohorts as files (domain/cohort-file.ts), one patient in memory at a time. */
export async function writeCohortFile(
  path: string,
  head: CohortHead,
  patients: Iterable<CohortPatient> | AsyncIterable<CohortPatient>,
): Promise<void> {
  const gzip = createGzip({ level: 4 });
  const ended = finished(gzip.pipe(createWriteStream(path, { mode: 0o600 })));
  for await (const line of linesOf(head, patients))
    if (!gzip.write(`${JSON.stringify(line)}\n`)) await Promise.race([once(gzip, 'drain'), ended]);
  gzip.end();
  await ended;
}

/** @throws SetupFault when the file is none of ours. */
export async function openCohortFile(
  path: string,
): Promise<{ head: CohortHead; patients: AsyncIterable<CohortPatient> }> {
  const lines = jsonLines(path);
  const first = CohortHead.safeParse((await lines.next()).value);
  if (!first.success) throw strange(path);
  return { head: first.data, patients: patientsIn(path, lines) };
}

async function* linesOf(
  head: CohortHead,
  patients: Iterable<CohortPatient> | AsyncIterable<CohortPatient>,
): AsyncGenerator<CohortLine> {
  yield head;
  for await (const { readings, events, flawed, ...person } of patients) {
    yield { person };
    let rows: ReadingRow[] = [];
    for (const heard of readings()) {
      rows.push(rowOf(heard, person));
      if (rows.length < rowsPerLine) continue;
      yield { readings: rows };
      rows = [];
    }
    if (rows.length > 0) yield { readings: rows };
    yield { truth: { events, flawed } };
  }
}

async function* patientsIn(path: string, lines: AsyncIterable<unknown>): AsyncGenerator<CohortPatient> {
  let person: CohortPerson | undefined;
  let chunks: ReadingRow[][] = [];
  for await (const line of lines) {
    if (isReadings(line)) chunks.push(line.readings);
    else if (person) {
      const truth = TruthLine.safeParse(line);
      if (!truth.success) throw strange(path);
      yield patientOf(person, chunks, truth.data.truth);
      person = undefined;
      chunks = [];
    } else {
      const told = PersonLine.safeParse(line);
      if (!told.success) throw strange(path);
      person = told.data.person;
    }
  }
  if (person) throw strange(path);
}

function patientOf(person: CohortPerson, chunks: ReadingRow[][], truth: Truth): CohortPatient {
  return {
    ...person,
    *readings() {
      for (const rows of chunks) for (const row of rows) yield readingOf(row, person);
    },
    ...truth,
  };
}

async function* jsonLines(path: string): AsyncGenerator<unknown> {
  const file = createReadStream(path);
  const text = createGunzip();
  file.on('error', (fault) => text.destroy(fault));
  try {
    for await (const line of createInterface({ input: file.pipe(text), crlfDelay: Number.POSITIVE_INFINITY }))
      yield JSON.parse(line);
  } catch {
    throw strange(path);
  } finally {
    file.destroy();
  }
}

const isReadings = (line: unknown): line is { readings: ReadingRow[] } =>
  typeof line === 'object' && line !== null && 'readings' in line && Array.isArray(line.readings);

const strange = (path: string) =>
  new SetupFault(`${path} cannot be read as a cohort: write one with \`npm run cohort -- --write ${path}\`.`);
