import { systemClock as clock } from '#runtime/clock.ts';

/** The InfluxDB of a contender, looked into from outside. */
export type Sink = { url: string; user: string; password: string; database: string };

/** One field of each panel that every reading has. */
const fieldOf = { 'heart-rate': 'heart-rate', 'blood-pressure': 'systolic' } as const;
const firstLookMs = 4;

/** Points of all panels. */
export async function countStored(sink: Sink): Promise<number> {
  const counts = await Promise.all(
    Object.entries(fieldOf).map(([panel, field]) => ask(sink, `select count("${field}") from "${panel}"`)),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * How long until a message is to be seen in InfluxDB, by looking: for one message at a time, ever less often.
 * A message is told by the device and the millisecond of its first sample, which no other has.
 */
export function watchStoring(sink: Sink) {
  const waits: number[] = [];
  let looking: Promise<void> | undefined;
  async function look(device: string, takenAt: number): Promise<void> {
    const since = clock.elapsed();
    const query = `select count("heart-rate") from "heart-rate" where "device" = '${device}' and time >= ${takenAt}ms and time < ${takenAt + 1}ms`;
    for (let pauseMs = firstLookMs; (await ask(sink, query)) === 0; pauseMs = Math.max(firstLookMs, pauseMs * 1.15)) {
      if (clock.elapsed() - since > 60_000) throw new Error('a message is not stored after a minute');
      await clock.sleep(pauseMs);
    }
    waits.push(clock.elapsed() - since);
  }
  return {
    onSent(device: string, takenAt: number): void {
      looking ??= look(device, takenAt).finally(() => {
        looking = undefined;
      });
      looking.catch(() => {});
    },
    /** The waits since the last call, ms. */
    async take(): Promise<number[]> {
      await looking;
      return waits.splice(0);
    },
  };
}

async function ask(sink: Sink, q: string): Promise<number> {
  const response = await fetch(`${sink.url}/query?db=${sink.database}`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${sink.user}:${sink.password}`).toString('base64')}` },
    body: new URLSearchParams({ q }),
  });
  const answer = (await response.json()) as { results?: { series?: { values: number[][] }[]; error?: string }[] };
  const [result] = answer.results ?? [];
  if (!result || result.error) throw new Error(`InfluxDB did not answer a query (${response.status}).`);
  return result.series?.[0]?.values[0]?.[1] ?? 0;
}
