import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SetupFault } from '#domain/errors.ts';
import { writeSafely } from '../secrets.ts';

const Kept = z.object({ readings: z.enum(['influxdb', 'postgresql']) });

/** Where this data folder keeps its readings, and why not in InfluxDB. */
export type VitalsChoice = { readings: 'influxdb' } | { readings: 'postgresql'; because: string };

/** What was chosen before; changes nothing. @throws SetupFault */
export function chosenVitals(dataDir: string, influx: { ownUrl: boolean }): Pick<VitalsChoice, 'readings'> {
  if (influx.ownUrl) return { readings: 'influxdb' };
  const kept = keptIn(dataDir);
  if (!kept)
    throw new SetupFault(`No readings are kept in ${dataDir} yet: start the platform, or set DATA_DIR or INFLUX_URL.`);
  return { readings: kept };
}

/**
 * InfluxDB where it can be had, else PostgreSQL; and from then on the same, because a patient's history must not vanish
 * from the charts when a program is installed or removed.
 * @throws SetupFault when the readings are in an InfluxDB that cannot be had any more
 */
export function chooseVitals(
  dataDir: string,
  influx: { ownUrl: boolean; influxd: { influxd: string } | { missing: string } },
): VitalsChoice {
  if (influx.ownUrl) return { readings: 'influxdb' };
  const kept = keptIn(dataDir);
  const missing = 'missing' in influx.influxd ? influx.influxd.missing : undefined;
  if (kept === 'influxdb' && missing) {
    throw new SetupFault(
      `The readings in ${dataDir} are kept in InfluxDB, but ${missing}: "apt-get install influxdb", or set INFLUX_URL.`,
    );
  }
  const readings = kept ?? (missing ? 'postgresql' : 'influxdb');
  if (!kept) writeSafely(fileIn(dataDir), { readings });
  if (readings === 'influxdb') return { readings };
  return { readings, because: missing ?? 'this data folder began without InfluxDB' };
}

const fileIn = (dataDir: string): string => join(dataDir, 'vitals-store.json');

function keptIn(dataDir: string): 'influxdb' | 'postgresql' | undefined {
  const file = fileIn(dataDir);
  return existsSync(file) ? Kept.parse(JSON.parse(readFileSync(file, 'utf8'))).readings : undefined;
}
