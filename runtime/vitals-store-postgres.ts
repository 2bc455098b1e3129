import { type RawBuilder, sql } from 'kysely';
import { Outage } from '#domain/errors.ts';
import type { StoredReading } from '#domain/reading.ts';
import { type VitalName, vitalsOf } from '#domain/vitals.ts';
import { backOffMs } from './back-off.ts';
import type { Clock } from './clock.ts';
import { isolateRefused } from './isolate-refused.ts';
import { faultDetails, type Log } from './log.ts';
import type { Records } from './records/connect.ts';
import { isDataFault } from './records/faults.ts';
import {
  beyondTime,
  isBeyondTime,
  lastMs,
  percentiles,
  type Rollup,
  type RollupOf,
  type Span,
  type Summary,
  timestampOf,
  type VitalsStore,
  type Window,
} from './vitals-store.ts';

/** Readings in PostgreSQL, where no InfluxDB can be had: the same port, for one house and its neighbourhood. */
export async function createPostgresStore(deps: { records: Records; clock: Clock; log: Log }): Promise<VitalsStore> {
  const { records, clock } = deps;
  const log = deps.log.child({ service: 'vitals-store' });
  let fault: string | undefined;

  const outcome = (next: string | undefined) => {
    if (next !== undefined && fault === undefined) log.warn('readings wait for PostgreSQL', { fault: next });
    if (next === undefined && fault !== undefined) log.info('PostgreSQL takes readings again');
    fault = next;
  };

  /** Waits through outages; answers why PostgreSQL refuses what is in the statement for good. */
  async function attempt(
    statement: () => Promise<unknown>,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    for (let failures = 0; ; failures++) {
      signal?.throwIfAborted();
      try {
        await statement();
        outcome(undefined);
        return undefined;
      } catch (error) {
        if (isDataFault(error)) return 'the store could not read it';
        outcome(`PostgreSQL did not take them (${(faultDetails(error) as { code?: string }).code ?? 'no answer'})`);
        await clock.sleep(backOffMs(failures, pause), signal);
      }
    }
  }

  return {
    kind: 'postgresql',
    async write(readings, signal) {
      const refused = readings.filter(isBeyondTime).map((reading) => ({ reading, reason: beyondTime }));
      const within = refused.length > 0 ? readings.filter((reading) => !isBeyondTime(reading)) : readings;
      for (let i = 0; i < within.length; i += rowsPerStatement) {
        const part = within.slice(i, i + rowsPerStatement);
        const bad = await isolateRefused(part, (some) => attempt(() => insert(records, some), signal));
        refused.push(...bad.map(({ item, reason }) => ({ reading: item, reason })));
      }
      return refused;
    },
    async read({ limit, ...span }) {
      const rows = await orOutage(
        within(records, span).select('reading').orderBy('at_ns', 'desc').orderBy('reading_id').limit(limit).execute(),
      );
      return rows.map(({ reading }) => reading);
    },
    async readWindows({ windowMs, ...span }) {
      const rows = await orOutage(
        grouped(records, span, windowMs)
          .select([
            sql<number>`avg(${number})`.as('mean'),
            sql<number>`min(${number})`.as('min'),
            sql<number>`max(${number})`.as('max'),
            sql<number>`count(*)::int`.as('count'),
          ])
          .execute(),
      );
      const windows = new Map<string, Window>();
      for (const { window, vital, mean, min, max, count } of rows) {
        const known = windows.get(window) ?? { from: Number(window) * windowMs, values: {} };
        windows.set(window, known);
        known.values[vital] = { mean, min, max, count };
      }
      return [...windows.values()];
    },
    async summarise({ everyMs, ...span }) {
      const rows = await orOutage(
        grouped(records, span, everyMs)
          .select([
            sql<number>`count(*)::int`.as('count'),
            sql<number>`sum(${number})`.as('sum'),
            sql<number>`min(${number})`.as('min'),
            sql<number>`max(${number})`.as('max'),
            ...percentiles.map((name) => percentile(Number(name.slice(1))).as(name)),
          ])
          .execute(),
      );
      const rollups = new Map<string, Rollup>();
      for (const { window, vital, ...summary } of rows) {
        const start = Number(window) * (everyMs ?? 0);
        const bounds = everyMs === undefined ? span : { from: start, to: start + everyMs };
        const known = rollups.get(window) ?? { from: bounds.from, to: bounds.to, values: {} };
        rollups.set(window, known);
        known.values[vital] = summary as Summary;
      }
      return [...rollups.values()];
    },
    async writeRollups(rollups, signal) {
      for (let i = 0; i < rollups.length; i += rowsPerStatement) {
        const part = rollups.slice(i, i + rowsPerStatement);
        const refused = await attempt(() => insertRollups(records, part), signal);
        if (refused) throw new Outage('vitals-store-refused-rollups', 'PostgreSQL refuses rollups', { retry: false });
      }
    },
    async readRollups({ patient, panel, period, from, to }) {
      const rows = await orOutage(
        records
          .selectFrom('vitals_rollup')
          .select(['from_ms', 'to_ms', 'vitals'])
          .where('patient_id', '=', patient)
          .where('panel', '=', panel)
          .where('period', '=', period)
          .where('from_ms', '>=', String(Math.ceil(from)))
          .where('from_ms', '<', String(Math.ceil(to)))
          .orderBy('from_ms')
          .execute(),
      );
      return rows.map(({ from_ms, to_ms, vitals }) => ({ from: Number(from_ms), to: Number(to_ms), values: vitals }));
    },
    async erase(patient) {
      const [readings, rollups] = await orOutage(
        Promise.all([
          records.deleteFrom('vitals_reading').where('patient_id', '=', patient).executeTakeFirst(),
          records.deleteFrom('vitals_rollup').where('patient_id', '=', patient).executeTakeFirst(),
        ]),
      );
      return { removed: Number(readings.numDeletedRows + rollups.numDeletedRows) };
    },
    async expire({ panel, period, before }) {
      const { numDeletedRows } = await orOutage(
        period === 'raw'
          ? records
              .deleteFrom('vitals_reading')
              .where('panel', '=', panel)
              .where('at_ns', '<', nsOf(before))
              .executeTakeFirst()
          : records
              .deleteFrom('vitals_rollup')
              .where('panel', '=', panel)
              .where('period', '=', period)
              .where('from_ms', '<', String(before))
              .executeTakeFirst(),
      );
      return { removed: Number(numDeletedRows) };
    },
    health: () =>
      fault === undefined ? { state: 'ok' } : { state: 'down', trouble: 'vitals-store-away', detail: fault },
    async close() {},
  };
}

/** 6 parameters each; PostgreSQL takes 65,535 in one statement. */
const rowsPerStatement = 2_000;
const pause = { firstMs: 100, mostMs: 5_000 };

const rowOf = (reading: StoredReading) => {
  const inOrder = vitalsOf(reading.panel).flatMap((name) => reading.values.filter(({ vital }) => vital === name));
  return {
    patient_id: reading.patient,
    panel: reading.panel,
    at_ns: String(timestampOf(reading)),
    reading_id: reading.id,
    vitals: JSON.stringify(Object.fromEntries(inOrder.map(({ vital, value }) => [vital, value]))),
    reading: JSON.stringify({ ...reading, values: inOrder }),
  };
};

async function insert(records: Records, readings: readonly StoredReading[]): Promise<void> {
  await records
    .insertInto('vitals_reading')
    .values(readings.map(rowOf))
    .onConflict((conflict) => conflict.columns(['patient_id', 'panel', 'at_ns', 'reading_id']).doNothing())
    .execute();
}

async function insertRollups(records: Records, rollups: readonly RollupOf[]): Promise<void> {
  await records
    .insertInto('vitals_rollup')
    .values(
      rollups.map(({ patient, panel, period, from, to, values }) => ({
        patient_id: patient,
        panel,
        period,
        from_ms: from,
        to_ms: to,
        vitals: JSON.stringify(values),
      })),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['patient_id', 'panel', 'period', 'from_ms'])
        .doUpdateSet((row) => ({ to_ms: row.ref('excluded.to_ms'), vitals: row.ref('excluded.vitals') })),
    )
    .execute();
}

const within = (records: Records, { patient, panel, from, to }: Span) =>
  records
    .selectFrom('vitals_reading')
    .where('patient_id', '=', patient)
    .where('panel', '=', panel)
    .where('at_ns', '>=', nsOf(from))
    .where('at_ns', '<', nsOf(to));

const number = sql<number>`(one.value)::float8`;

/** One row for each vital sign and window (the whole span where no width is given), the first window first. */
const grouped = (records: Records, span: Span, windowMs?: number) => {
  const window: RawBuilder<string> =
    windowMs === undefined ? sql`'0'::text` : sql`(at_ns / ${String(BigInt(windowMs) * 1_000_000n)}::bigint)`;
  return within(records, span)
    .innerJoinLateral(sql<{ key: VitalName; value: string }>`jsonb_each_text(vitals)`.as<'one'>('one'), (join) =>
      join.onTrue(),
    )
    .select([window.as('window'), sql<VitalName>`one.key`.as('vital')])
    .groupBy(['window', 'vital'])
    .orderBy('window');
};

/** Of the values in order the round(n·p/100)th, or the first: as InfluxDB does it. */
const percentile = (p: number) =>
  sql<number>`(array_agg(${number} order by ${number}))[greatest(1, floor(count(*) * ${p}::float8 / 100 + 0.5))::int]`;

const nsOf = (ms: number): string => String(BigInt(Math.min(Math.ceil(Math.max(ms, 0)), lastMs)) * 1_000_000n);

async function orOutage<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (cause) {
    throw new Outage('vitals-store-away', 'PostgreSQL did not answer', { retry: true, cause });
  }
}
