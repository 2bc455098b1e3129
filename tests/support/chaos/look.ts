import { instant } from '#runtime/clock.ts';
import type { Records } from '#runtime/records/connect.ts';
import { keyOf } from './item.ts';
import type { Found } from './judge.ts';

type Sink = { url: string; user: string; password: string; database: string };

/** The field of each panel that we compare. */
const fieldOf = { 'heart-rate': 'heart-rate', 'blood-pressure': 'systolic' } as const;
const windowMs = 60_000;

/** Every point of the database between these times, read with nothing of ours in between. Times in ms since 1970. */
export async function lookIntoInflux(sink: Sink, from: number, to: number): Promise<Found[]> {
  const found: Found[] = [];
  for (const [panel, field] of Object.entries(fieldOf))
    for (let at = from; at < to; at += windowMs) {
      const q = `select "${field}", "device", "taken_at", "device_time" from "${panel}" where time >= ${at}ms and time < ${at + windowMs}ms`;
      // the time of a point is when it was taken, unless that was told in more digits; a cuff has a clock of its own
      for (const [time, value, device, takenAt, deviceTime] of await rowsOf(sink, q)) {
        const moment = String(deviceTime ?? takenAt ?? instant(Number(time)));
        found.push({ key: keyOf(panel, String(device), moment), value: Number(value) });
      }
    }
  return found;
}

/** Every reading where there is no InfluxDB. */
export async function lookIntoPostgres(records: Records): Promise<Found[]> {
  const rows = await records.selectFrom('vitals_reading').select(['panel', 'vitals', 'reading']).execute();
  return rows.map(({ panel, vitals, reading: { device, deviceTime, takenAt } }) => ({
    key: keyOf(panel, device, deviceTime ?? takenAt),
    value: Number((vitals as Record<string, number>)[fieldOf[panel as keyof typeof fieldOf]]),
  }));
}

async function rowsOf(sink: Sink, q: string): Promise<unknown[][]> {
  const response = await fetch(`${sink.url}/query?db=${sink.database}&epoch=ms`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${sink.user}:${sink.password}`).toString('base64')}` },
    body: new URLSearchParams({ q }),
  });
  const { results } = (await response.json()) as {
    results?: { series?: { values: unknown[][] }[]; error?: string }[];
  };
  const [result] = results ?? [];
  if (!result || result.error) throw new Error(`InfluxDB did not answer the judge (${response.status}).`);
  return result.series?.[0]?.values ?? [];
}
