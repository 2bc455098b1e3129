import type { PatientId } from '#domain/ids.ts';
import type { StoredReading } from '#domain/reading.ts';
import type { PanelName, VitalName } from '#domain/vitals.ts';
import type { Health } from './service.ts';

/**
 * Time series of readings. Writing the same reading again changes nothing: its place is (patient, device, panel, takenAt and
 * the digits of its id), see `timestampOf`.
 */
export interface VitalsStore {
  /** `influxdb` or `postgresql`: what a person is told. */
  readonly kind: 'influxdb' | 'postgresql';
  /**
   * Resolves when every reading is durable or refused by the store for good (a bad line, beyond retention); those it names.
   * Waits through outages, and rejects only when `signal` ends the wait.
   */
  write(readings: StoredReading[], signal?: AbortSignal): Promise<{ reading: StoredReading; reason: string }[]>;
  /**
   * Newest first. `from` inclusive, `to` exclusive, ms since 1970. Equal to what was written, with the values in the order
   * of the panel.
   */
  read(query: {
    patient: PatientId;
    panel: PanelName;
    from: number;
    to: number;
    limit: number;
  }): Promise<StoredReading[]>;
  /** Windows of `windowMs` aligned to 1970, oldest first, only those with readings. */
  readWindows(query: {
    patient: PatientId;
    panel: PanelName;
    from: number;
    to: number;
    windowMs: number;
  }): Promise<Window[]>;
  /**
   * The readings from `from` to `to` as they lie there now, summed up over every `everyMs` (aligned to 1970), or over the whole span. Only
   * stretches with readings, oldest first.
   */
  summarise(query: Span & { everyMs?: number }): Promise<Rollup[]>;
  /** Resolves when they are durable; what stood for the same patient, panel, period and `from` is replaced. Waits through outages. */
  writeRollups(rollups: readonly RollupOf[], signal?: AbortSignal): Promise<void>;
  /** Those that begin in [from, to), oldest first. */
  readRollups(query: Span & { period: RollupPeriod }): Promise<Rollup[]>;
  /**
   * Removes all readings and rollups of a patient. May be done again, and must be where it failed. `removed`: null where the server does not
   * count. @throws Outage
   */
  erase(patient: PatientId): Promise<Removal>;
  /** Removes the readings of a panel taken before `before`, ms since 1970, or the rollups that begin before it. @throws Outage */
  expire(what: { panel: PanelName; period: RollupPeriod | 'raw'; before: number }): Promise<Removal>;
  health(): Health;
  close(): Promise<void>;
}

export type Span = { patient: PatientId; panel: PanelName; from: number; to: number };

/** `cannot`: a sentence why this server never will. */
export type Removal = { removed: number | null } | { cannot: string };

/** `1h`: whole hours of UTC. `1d`: days where the care team is, midnight to midnight, so some have 23 or 25 hours. */
export const rollupPeriods = ['1h', '1d'] as const;
export type RollupPeriod = (typeof rollupPeriods)[number];

/**
 * One vital sign over a stretch of time. Percentiles by nearest rank, which is a value that was measured: of n values in order the
 * round(n·p/100)th, and the least where that is the 0th. InfluxDB's own `percentile`, which answers null there.
 */
export type Summary = { count: number; sum: number; min: number; max: number } & Record<Percentile, number>;
export const percentiles = ['p10', 'p25', 'p50', 'p75', 'p90'] as const;
export type Percentile = (typeof percentiles)[number];

/** `from` inclusive, `to` exclusive, ms since 1970. */
export type Rollup = { from: number; to: number; values: Partial<Record<VitalName, Summary>> };
export type RollupOf = { patient: PatientId; panel: PanelName; period: RollupPeriod } & Rollup;

export type Window = {
  from: number;
  values: Partial<Record<VitalName, { mean: number; min: number; max: number; count: number }>>;
};

/** The last millisecond that 64-bit nanoseconds hold, in the year 2262. */
export const lastMs = 9_223_372_036_854;
/** Why a store refuses a reading beyond it, or before 1970. */
export const beyondTime = 'a time the store cannot hold';
export function isBeyondTime(reading: Pick<StoredReading, 'takenAt'>): boolean {
  const ms = Date.parse(reading.takenAt);
  return ms < 0 || ms >= lastMs;
}

/**
 * The instant a reading is stored under, in ns since 1970: `takenAt` in ms, and six digits from its id, so that two readings
 * of one millisecond stay two and one reading written twice stays one.
 */
export function timestampOf(reading: Pick<StoredReading, 'id' | 'takenAt'>): bigint {
  return BigInt(Date.parse(reading.takenAt)) * 1_000_000n + BigInt(digitsOf(reading.id));
}

/** The same in decimal digits, for readings from 1970 on: a third of the time. */
export const timestampTextOf = (reading: Pick<StoredReading, 'id' | 'takenAt'>): string =>
  `${Date.parse(reading.takenAt)}${String(digitsOf(reading.id)).padStart(6, '0')}`;

/** 40 bits of the id, which a number holds exactly. */
const digitsOf = (id: string): number => Number.parseInt(id.slice(0, 10), 16) % 1_000_000;
