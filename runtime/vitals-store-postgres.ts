import { sql } from 'kysely';
import { Outage } from '#domain/errors.ts';
import type { PatientId } from '#domain/ids.ts';
import type { StoredReading } from '#domain/reading.ts';
import { type PanelName, type VitalName, vitalsOf } from '#domain/vitals.ts';
import { backOffMs } from './back-off.ts';
import type { Clock } from './clock.ts';
import { isolateRefused } from './isolate-refused.ts';
import { faultDetails, type Log } from './log.ts';
import type { Records } from './records/connect.ts';
import { isDataFault } from './records/faults.ts';
import { timestampOf, type VitalsStore, type Window } from './vitals-store.ts';

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

  async function attempt(rows: Row[], signal: AbortSignal | undefined): Promise<string | undefined> {
    for (let failures = 0; ; failures++) {
      signal?.throwIfAborted();
      try {
        await insert(records, rows);
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
      const placed = readings.map((reading) => ({ reading, ns: timestampOf(reading) }));
      const beyond = placed.filter(({ ns }) => ns > lastNs || ns < 0n);
      const within = placed.filter(({ ns }) => ns <= lastNs && ns >= 0n);
      const refused: { reading: StoredReading; reason: string }[] = beyond.map(({ reading }) => ({
        reading,
        reason: 'a time the store cannot hold',
      }));
      for (let i = 0; i < within.length; i += rowsPerStatement) {
        const part = within.slice(i, i + rowsPerStatement);
        const bad = await isolateRefused(part, (some) => attempt(some.map(rowOf), signal));
        refused.push(...bad.map(({ item, reason }) => ({ reading: item.reading, reason })));
      }
      return refused;
    },
    async read({ patient, panel, from, to, limit }) {
      const rows = await orOutage(
        spanOf(records, { patient, panel, from, to })
          .select('reading')
          .orderBy('at_ns', 'desc')
          .orderBy('reading_id')
          .limit(limit)
          .execute(),
      );
      return rows.map(({ reading }) => reading);
    },
    async readWindows({ patient, panel, from, to, windowMs }) {
      const windowNs = sql<string>`${String(BigInt(windowMs) * 1_000_000n)}::bigint`;
      const number = sql<number>`(one.value)::float8`;
      const rows = await orOutage(
        spanOf(records, { patient, panel, from, to })
          .innerJoinLateral(sql<{ key: VitalName; value: string }>`jsonb_each_text(vitals)`.as<'one'>('one'), (join) =>
            join.onTrue(),
          )
          .select([
            sql<string>`at_ns / ${windowNs}`.as('window'),
            sql<VitalName>`one.key`.as('vital'),
            sql<number>`avg(${number})`.as('mean'),
            sql<number>`min(${number})`.as('min'),
            sql<number>`max(${number})`.as('max'),
            sql<number>`count(*)::int`.as('count'),
          ])
          .groupBy(['window', 'vital'])
          .orderBy('window')
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
    health: () =>
      fault === undefined ? { state: 'ok' } : { state: 'down', trouble: 'vitals-store-away', detail: fault },
    async close() {},
  };
}

/** 6 parameters each; PostgreSQL takes 65,535 in one statement. */
const rowsPerStatement = 2_000;
const pause = { firstMs: 100, mostMs: 5_000 };
/** The last instant that 64-bit nanoseconds hold, in the year 2262: where InfluxDB ends too. */
const lastNs = 2n ** 63n - 1n;

type Row = ReturnType<typeof rowOf>;

const rowOf = ({ reading, ns }: { reading: StoredReading; ns: bigint }) => {
  const inOrder = vitalsOf(reading.panel).flatMap((name) => reading.values.filter(({ vital }) => vital === name));
  return {
    patient_id: reading.patient,
    panel: reading.panel,
    at_ns: String(ns),
    reading_id: reading.id,
    vitals: JSON.stringify(Object.fromEntries(inOrder.map(({ vital, value }) => [vital, value]))),
    reading: JSON.stringify({ ...reading, values: inOrder }),
  };
};

async function insert(records: Records, rows: Row[]): Promise<void> {
  await records
    .insertInto('vitals_reading')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['patient_id', 'panel', 'at_ns', 'reading_id']).doNothing())
    .execute();
}

const spanOf = (
  records: Records,
  { patient, panel, from, to }: { patient: PatientId; panel: PanelName; from: number; to: number },
) =>
  records
    .selectFrom('vitals_reading')
    .where('patient_id', '=', patient)
    .where('panel', '=', panel)
    .where('at_ns', '>=', nsOf(from))
    .where('at_ns', '<', nsOf(to));

const nsOf = (ms: number): string => {
  const ns = BigInt(Math.ceil(Math.max(ms, 0))) * 1_000_000n;
  return String(ns > lastNs ? lastNs : ns);
};

async function orOutage<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (cause) {
    throw new Outage('vitals-store-away', 'PostgreSQL did not answer', { retry: true, cause });
  }
}
