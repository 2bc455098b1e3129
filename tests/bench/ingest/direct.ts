import { Agent, fetch } from 'undici';
import { PatientId, SourceId } from '#domain/ids.ts';
import { systemClock as clock, instant } from '#runtime/clock.ts';
import { lineOf } from '#runtime/influx/line.ts';
import { readingId } from '#runtime/reading-id.ts';
import { cpuOf, familyOf } from '../../support/machine.ts';
import { privateInflux } from '../../support/private-servers.ts';
import type { BenchSource } from './messages.ts';
import { countStored } from './sink.ts';

/** How InfluxDB is posted to by Hearthbeat, see runtime/influx/writer.ts. */
const linesPerPost = 2_000;
const postsAtOnce = 4;
/** Made before the clock begins to run. */
const posts = 150;

/** The lines that Hearthbeat writes, posted to InfluxDB by somebody who has nothing else to do: what the sink itself can take. */
export async function postDirectly(sources: readonly BenchSource[]) {
  const influx = await privateInflux();
  const patient = PatientId.parse('00000000-0000-4000-8000-000000000000');
  const startAt = Date.now();
  const bodies = Array.from({ length: posts }, (_, post) =>
    Array.from({ length: linesPerPost }, (_, n) => {
      const place = post * linesPerPost + n;
      const { device, source, panel } = sources[place % sources.length]!;
      const at = instant(startAt + Math.floor(place / sources.length));
      const values =
        panel === 'heart-rate'
          ? [{ vital: 'heart-rate' as const, value: 62 + (place % 20), unit: '/min' }]
          : [
              { vital: 'systolic' as const, value: 112 + (place % 15), unit: 'mm[Hg]' },
              { vital: 'diastolic' as const, value: 68 + (place % 10), unit: 'mm[Hg]' },
            ];
      const reading = {
        device: device as never,
        panel,
        values,
        takenAt: at,
        heardAt: at,
        clock: 'source' as const,
        marks: [],
      };
      return lineOf({
        ...reading,
        id: readingId(reading),
        source: SourceId.parse(source),
        patient: patient,
        storedAt: at,
        flags: [],
      });
    }).join('\n'),
  );
  try {
    const dispatcher = new Agent({ connections: postsAtOnce, pipelining: 1 });
    const authorization = `Basic ${Buffer.from(`${influx.user}:${influx.password}`).toString('base64')}`;
    const influxPids = () =>
      familyOf(process.pid)
        .filter(({ name }) => name === 'influxd')
        .map(({ pid }) => pid);
    const before = { own: process.cpuUsage(), influx: cpuOf(influxPids()) };
    const startedAt = clock.elapsed();
    const storedMs: number[] = [];
    let next = 0;
    await Promise.all(
      Array.from({ length: postsAtOnce }, async () => {
        while (next < posts) {
          const body = bodies[next++]!;
          const since = clock.elapsed();
          const url = `${influx.url}/write?db=${influx.database}&precision=ns`;
          const answer = await fetch(url, { method: 'POST', headers: { authorization }, body, dispatcher });
          await answer.text();
          if (!answer.ok) throw new Error(`InfluxDB answered ${answer.status}`);
          storedMs.push(clock.elapsed() - since);
        }
      }),
    );
    const tookMs = clock.elapsed() - startedAt;
    const own = process.cpuUsage(before.own);
    await dispatcher.close();
    return {
      readings: posts * linesPerPost,
      stored: await countStored(influx),
      tookMs,
      storedMs,
      cpuMs: (own.user + own.system) / 1_000,
      influxCpuMs: cpuOf(influxPids()) - before.influx,
    };
  } finally {
    await influx.stop();
  }
}
