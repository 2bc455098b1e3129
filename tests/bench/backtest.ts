import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { usualPeople } from '#domain/backtest.ts';
import type { CohortDevice, CohortPatient, HeardCohortReading } from '#domain/cohort-file.ts';
import { DeviceId, PatientId, SourceId } from '#domain/ids.ts';
import type { PanelName } from '#domain/vitals.ts';
import { vitals, vitalsOf } from '#domain/vitals.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { writeCohortFile } from '#runtime/cohort-file.ts';
import { seededRandom } from '#runtime/random.ts';
import { readingId } from '#runtime/reading-id.ts';
import { reportOf } from '../../rules/backtest/report.ts';
import { runBacktest } from '../../rules/backtest/run.ts';
import { detectionBy } from '../../rules/backtest/verdict.ts';
import { book } from '../../rules/book/index.ts';

/**
 * `npm run bench:backtest [-- patients days]`: how long a year of 1,000 patients takes who measure five times a day, judged by the whole book; once as
 * it is today, and once with a change beside it. Aim: under a minute on two cores. From a file, so that no server's work is in it.
 */
const [patients = 1_000, days = 365] = process.argv.slice(2).map(Number);
const dayMs = 86_400_000;
const from = Date.UTC(2025, 0, 1);
const to = from + days * dayMs;

const measured: readonly { panel: PanelName; hour: number; usual: readonly number[]; spread: number }[] = [
  { panel: 'blood-pressure', hour: 7, usual: [134, 82], spread: 11 },
  { panel: 'body-weight', hour: 7.2, usual: [76], spread: 0.6 },
  { panel: 'glucose', hour: 7.5, usual: [128], spread: 28 },
  { panel: 'pulse-oximetry', hour: 12, usual: [96, 74], spread: 1.6 },
  { panel: 'blood-pressure', hour: 20, usual: [130, 79], spread: 11 },
];

function patient(nth: number): CohortPatient {
  const random = seededRandom(nth + 1);
  const devices: CohortDevice[] = [...new Set(measured.map(({ panel }) => panel))].map((panel) => ({
    device: DeviceId.parse(`${panel}-${nth}`),
    source: SourceId.parse(`gw-${nth}`),
    panel,
    model: 'Bench',
  }));
  return {
    id: PatientId.parse(random.uuid()),
    name: { en: `Patient ${nth}`, zh: `患者 ${nth}` },
    conditions: [],
    timeZone: 'Asia/Shanghai',
    plan: {
      programmes: ['hypertension', 'diabetes', 'heart-failure'],
      overrides: {},
      expected: [],
      followUp: [],
      pause: null,
      silentAfterMinutes: 1_800,
    },
    devices,
    events: [],
    flawed: [],
    *readings(): Generator<HeardCohortReading> {
      const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
      for (let day = 0; day < days; day++)
        for (const { panel, hour, usual, spread } of measured) {
          const { device, source } = devices.find((one) => one.panel === panel)!;
          const taken = from + day * dayMs + Math.round((hour - 8 + 0.4 * normal()) * 3_600_000);
          const shift = spread * normal();
          const values = vitalsOf(panel)
            .slice(0, usual.length)
            .map((vital, i) => ({ vital, value: Math.round((usual[i]! + shift) * 10) / 10, unit: vitals[vital].ucum }));
          const takenAt = new Date(taken).toISOString();
          const reading = { panel, takenAt, heardAt: takenAt, values, marks: [], device, source };
          yield { reading: { ...reading, id: readingId({ ...reading, clock: 'device' }) }, receivedAt: taken + 4_000 };
        }
    },
  };
}

const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-backtest-'));
const path = join(folder, 'cohort.jsonl.gz');
try {
  await writeCohortFile(
    path,
    { cohort: 1, seed: 1, patients, from, to },
    Array.from({ length: patients }, (_, nth) => nth).map(patient),
  );
  console.log(
    `${patients} patients, ${days} days, ${measured.length} readings a day, ${book.length} rules, ${(statSync(path).size / 1e6).toFixed(0)} MB; ${availableParallelism()} cores`,
  );
  const rules = [...book];
  for (const set of [null, { 'blood-pressure-severe': { 'systolic-at-least': 165 } }]) {
    const startedAt = clock.elapsed();
    const usedBefore = process.cpuUsage();
    const scope = { kind: 'backtest' as const, set, span: { from, to }, people: usualPeople };
    const replayed = await runBacktest(
      { history: { in: 'cohort', path, patients }, ...scope },
      { threads: 2, onProgress: () => {} },
    );
    const report = reportOf({ span: scope.span, rules, people: usualPeople, proposal: set }, replayed, detectionBy);
    const seconds = (clock.elapsed() - startedAt) / 1000;
    const { user, system } = process.cpuUsage(usedBefore);
    const cores = (user + system) / 1e6;
    console.log(
      `${set ? 'with a change beside it' : 'as it is today'}: ${seconds.toFixed(1)} s on 2 threads for ${report.readings} readings, ${report.all.today.alerts} alerts; ${cores.toFixed(1)} s of processors, so ${(cores / 2).toFixed(1)} s on two that are idle (${((1e6 * cores) / report.readings).toFixed(1)} µs a reading)`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
