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
  health(): Health;
  close(): Promise<void>;
}

export type Window = {
  from: number;
  values: Partial<Record<VitalName, { mean: number; min: number; max: number; count: number }>>;
};

/**
 * The instant a reading is stored under, in ns since 1970: `takenAt` in ms, and six digits from its id, so that two readings
 * of one millisecond stay two and one reading written twice stays one.
 */
export function timestampOf(reading: Pick<StoredReading, 'id' | 'takenAt'>): bigint {
  return BigInt(Date.parse(reading.takenAt)) * 1_000_000n + (BigInt(`0x${reading.id.slice(0, 10)}`) % 1_000_000n);
}
