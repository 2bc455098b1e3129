import type { CohortDevice } from '#domain/cohort-file.ts';
import { instant } from '#runtime/clock.ts';
import { readingId } from '#runtime/reading-id.ts';
import { chanceOf, seedFor } from '../physiology/noise.ts';
import type { Measurement, Sent } from './measurement.ts';
import type { Person } from './person.ts';

/**
 * How measurements come to the server: seconds after they were made, hours later after the link was down, twice because a cuff replays its
 * memory, under a clock that is off, or not at all because a battery was flat. The answer is in order of arrival.
 */
export function deliver(person: Person, measurements: Iterable<Measurement>): Sent[] {
  const { clockOffMs, outages, flatBatteries } = person.habits;
  const { devices } = person.told;
  const random = chanceOf(seedFor(person.seed, 31), 0);
  const sent: Sent[] = [];
  const memories = new Map<CohortDevice, Sent[]>();
  for (const measured of measurements) {
    const { panel, at } = measured;
    const nth = devices.findIndex((device) => device.panel === panel);
    const device = devices[nth]!;
    const worn = panel === 'continuous-glucose';
    const battery = worn ? undefined : flatBatteries.find((one) => one.nth === nth);
    if (battery && at >= battery.from && at < battery.to) continue;
    const isLow = battery && at >= battery.from - lowBeforeMs && at < battery.from;
    const heardAt = at + Math.round((worn ? 4 + 10 * random.next() : 15 + 60 * random.next()) * 1000);
    const outage = outages.find(({ from, to }) => from <= heardAt && heardAt < to);
    const onTheWay = Math.round(200 + 1_200 * random.next());
    // what waited goes up in its order, a hundred times as fast as it came
    const receivedAt = (outage ? outage.to + 5_000 + Math.round((heardAt - outage.from) / 100) : heardAt) + onTheWay;
    const takenAt = instant(at + (worn ? 0 : clockOffMs));
    const marks = isLow ? [...measured.marks, 'battery-low' as const] : measured.marks;
    const reading = {
      device: device.device,
      model: device.model,
      panel,
      values: measured.values,
      takenAt,
      clock: 'device' as const,
      heardAt: instant(heardAt),
      marks,
    };
    const one: Sent = {
      reading: {
        id: readingId(reading),
        panel,
        takenAt,
        heardAt: reading.heardAt,
        values: reading.values,
        marks,
        device: device.device,
        source: device.source,
      },
      receivedAt,
      measured,
    };
    sent.push(one);
    if (worn) continue;
    const memory = memories.get(device) ?? [];
    memories.set(device, memory);
    memory.push(one);
    if (memory.length > memoryAtMost) memory.shift();
    if (random.next() < replays) sent.push(...memory.map((old) => again(old, heardAt + 3_000, receivedAt + 4_000)));
  }
  return sent.sort(
    (a, b) => a.receivedAt - b.receivedAt || Date.parse(a.reading.takenAt) - Date.parse(b.reading.takenAt),
  );
}

const lowBeforeMs = 3 * 86_400_000;
/** A cuff that is reached anew tells of its last measurements once more. */
const memoryAtMost = 8;
const replays = 0.02;

const again = (old: Sent, heardAt: number, receivedAt: number): Sent => ({
  ...old,
  reading: { ...old.reading, heardAt: instant(heardAt) },
  receivedAt: Math.max(receivedAt, old.receivedAt),
});
