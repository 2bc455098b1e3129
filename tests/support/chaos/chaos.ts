import { randomBytes } from 'node:crypto';
import { onCallStep } from '#domain/escalation.ts';
import { SourceId } from '#domain/ids.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { type Random, seededRandom } from '#runtime/random.ts';
import { connect, type Records } from '#runtime/records/connect.ts';
import { findInfluxd } from '#runtime/servers/programs.ts';
import { startMailServer } from '../mail.ts';
import { makeClinician, makeDevice, makePatient, makeRota, makeSource, makeTeam } from '../people.ts';
import { type PlatformProcesses, startPlatformProcesses, type Victim } from '../platform-processes.ts';
import { smallDisk } from './disk.ts';
import { createMeasuring, type Home } from './home.ts';
import type { Item } from './item.ts';
import { judge, type Verdict } from './judge.ts';
import { lookIntoInflux, lookIntoPostgres } from './look.ts';
import { type Network, startNetwork } from './network.ts';
import { createUplink } from './uplink.ts';

/**
 * Homes that measure and send while the processes of the platform and its servers are killed, the network is cut and the disk fills, all by
 * chance. Then everything is whole again until every home is rid of what it has, and what was sent is looked for in InfluxDB.
 */
export type ChaosWish = {
  seed: number;
  forMs: number;
  homes: number;
  /** Of one home, on average. */
  measureEveryMs: number;
  /** Between two blows, on average. */
  strikeEveryMs: number;
  /** Of so many patients the pressure is severe, once. */
  crises: number;
  tell?: (line: string) => void;
};

export type ChaosFigures = Verdict & {
  /** Sent once more although it had been sent, or told by a cuff again. */
  duplicates: number;
  blows: Record<string, number>;
  endedByThemselves: { part: string; code: number | null }[];
  /** The longest time in which no home got an acknowledgement, and the longest from an acknowledgement to its receipt. */
  silentMs: number;
  unreceiptedMs: number;
  crises: number;
  /** Patients in a crisis for whom nobody was paged. */
  unpaged: string[];
  leftOut: string[];
  /** What the parts that ended by themselves logged last. */
  lastWords: string;
};

const blows = ['broker', 'ingest', 'rules', 'api', 'servers', 'influxdb', 'postgresql'] as const;
const spellKinds = ['network cut', 'network frozen', 'disk full'] as const;
type Blow = (typeof blows)[number] | (typeof spellKinds)[number];
/** How long a spell lasts. */
const spellMs = { least: 500, most: 6_000 };
const settleMs = 240_000;
const pagedMs = 120_000;
const lookEveryMs = 500;

export async function chaos(wish: ChaosWish): Promise<ChaosFigures> {
  const random = seededRandom(wish.seed);
  const disk = smallDisk();
  const noInflux = 'missing' in findInfluxd(process.env.PATH);
  const mail = await startMailServer();
  const platform = await startPlatformProcesses({
    apart: true,
    // crises come close together here, and none shall wait a minute for the page of the one before
    environment: { SMTP_URL: mail.url, PAGE_GROUP_SECONDS: '1' },
    ...('absent' in disk ? {} : { prepare: disk.prepare }),
  });
  const network = await startNetwork(() => platform.mqttPort);
  const records = connect(platform.databaseUrl(), { connections: 2, onFault: () => {} });
  const uplinks: ReturnType<typeof createUplink>[] = [];
  const stops: (() => void)[] = [];
  try {
    const homes = await settle(records, wish.homes);
    const startedAt = clock.now();
    const items: Item[] = [];
    let duplicates = 0;
    let ackedAt = clock.elapsed();
    let silentMs = 0;
    const measuring = homes.map((home, place) => {
      const chance = seededRandom(wish.seed * 10_000 + place);
      const uplink = createUplink(home, network.port, chance, {
        acked: () => {
          silentMs = Math.max(silentMs, clock.elapsed() - ackedAt);
          ackedAt = clock.elapsed();
        },
        resent: () => duplicates++,
      });
      uplinks.push(uplink);
      return { measure: createMeasuring(home, chance, clock.now), uplink, chance };
    });
    const take = (place: number, some: Item[]) => {
      for (const item of some) {
        items.push(item);
        measuring[place]!.uplink.take(item);
      }
    };
    let over = false;
    const measuringEnds = measuring.map(async ({ measure, chance }, place) => {
      while (!over) {
        await clock.sleep(chance.next() * 2 * wish.measureEveryMs);
        if (!over) take(place, [measure.next()]);
      }
    });
    const critical = homes.slice(0, wish.crises);
    critical.forEach((_, place) => {
      const cancel = clock.after(random.next() * wish.forMs, () => take(place, measuring[place]!.measure.crisis()));
      stops.push(cancel);
    });

    const counts = await strike(wish, random, platform, network, 'absent' in disk ? undefined : disk.disk, () => ({
      items: items.length,
      waiting: uplinks.reduce((sum, uplink) => sum + uplink.waiting(), 0),
    }));
    over = true;
    await Promise.all(measuringEnds);
    wish.tell?.('everything is whole again; every home sends what it has left');
    const waiting = () => uplinks.reduce((sum, uplink) => sum + uplink.waiting(), 0);
    await patiently(settleMs, async () => waiting() === 0 && (await platform.isWell()));
    wish.tell?.(`${waiting()} readings and series are still not receipted`);

    const unpagedNow = async () => unpagedAmong(records, critical, mail.received);
    await patiently(pagedMs, async () => (await unpagedNow()).length === 0);
    const quarantined = await records.selectFrom('quarantine').select(['source_id', 'ref']).execute();
    const found = await (noInflux
      ? lookIntoPostgres(records)
      : lookIntoInflux(platform.sink(), startedAt - 120_000, clock.now() + 600_000));
    const repeated = new Map<string, number>();
    for (const { samples } of items) for (const { key } of samples) repeated.set(key, (repeated.get(key) ?? 0) + 1);
    const ended = platform.endedByThemselves();
    return {
      ...judge(items, found, new Set(quarantined.map(({ source_id, ref }) => `${source_id} ${ref}`))),
      duplicates: duplicates + [...repeated.values()].reduce((sum, count) => sum + count - 1, 0),
      blows: counts,
      endedByThemselves: ended,
      silentMs,
      unreceiptedMs: items.reduce(
        (most, { ackedAt = 0, receiptedAt = 0 }) => Math.max(most, ackedAt ? receiptedAt - ackedAt : 0),
        0,
      ),
      crises: critical.length,
      unpaged: await unpagedNow(),
      leftOut: [
        ...('absent' in disk ? [disk.absent] : []),
        ...(noInflux ? ['No InfluxDB is killed: readings are in PostgreSQL, because it is not installed.'] : []),
      ],
      lastWords: [...new Set(ended.map(({ part }) => part))]
        .map((part) => `${part}:\n${platform.log(part)}`)
        .join('\n'),
    };
  } finally {
    for (const stop of stops) stop();
    for (const uplink of uplinks) uplink.stop();
    await records.destroy();
    await network.stop();
    await platform.stop();
    await mail.stop();
  }
}

/** One blow after the other, each kind once before any comes again. */
async function strike(
  wish: ChaosWish,
  random: Random,
  platform: PlatformProcesses,
  network: Network,
  disk: { fill(): void; free(): void } | undefined,
  now: () => { items: number; waiting: number },
): Promise<Record<string, number>> {
  const until = clock.elapsed() + wish.forMs;
  const counts: Record<string, number> = {};
  const spells: Promise<void>[] = [];
  let deck: Blow[] = [];
  while (clock.elapsed() < until) {
    await clock.sleep(random.next() * 2 * wish.strikeEveryMs);
    if (deck.length === 0)
      deck = shuffled([...blows, ...spellKinds.filter((one) => disk || one !== 'disk full')], random);
    const blow = deck.pop()!;
    const lastsMs = Math.min(spellMs.least + random.next() * (spellMs.most - spellMs.least), wish.strikeEveryMs * 3);
    const { items, waiting } = now();
    wish.tell?.(`${blow} (${items} measured, ${waiting} wait for a receipt)`);
    if (!(blow === 'network cut' || blow === 'network frozen' || blow === 'disk full')) {
      if (platform.kill(blow satisfies Victim)) counts[blow] = (counts[blow] ?? 0) + 1;
      continue;
    }
    counts[blow] = (counts[blow] ?? 0) + 1;
    if (blow === 'network cut') network.cut();
    if (blow === 'network frozen') network.freeze();
    if (blow === 'disk full') disk?.fill();
    // others may fall meanwhile
    spells.push(clock.sleep(lastsMs).then(() => (blow === 'disk full' ? disk?.free() : network.heal())));
  }
  await Promise.all(spells);
  return counts;
}

function shuffled<T>(some: T[], random: Random): T[] {
  for (let at = some.length - 1; at > 0; at--) {
    const other = Math.floor(random.next() * (at + 1));
    [some[at], some[other]] = [some[other]!, some[at]!];
  }
  return some;
}

async function settle(records: Records, count: number): Promise<Home[]> {
  const escalation = { steps: [onCallStep(0, 0)], repeatAfterSeconds: 3_600, rounds: 1 };
  const homes: Home[] = [];
  for (let n = 0; n < count; n++) {
    const { source, secret } = await makeSource(records, {
      id: SourceId.parse(`home-${n}-${randomBytes(2).toString('hex')}`),
    });
    // each a team: for one team the second crisis within a minute would wait for the next message
    const team = await makeTeam(records, { escalation });
    await makeRota(records, team, [await makeClinician(records, { teams: [team], role: 'doctor' })]);
    const patient = (await makePatient(records, { team })).id;
    const [watch, cuff] = [
      await makeDevice(records, { source, patient, id: `watch-${n}` }),
      await makeDevice(records, { source, patient, id: `cuff-${n}` }),
    ];
    homes.push({ source, secret, patient, watch, cuff });
  }
  return homes;
}

/** A page names the alert, and the records say whose it is. */
async function unpagedAmong(
  records: Records,
  critical: readonly Home[],
  received: readonly { text: string }[],
): Promise<string[]> {
  const paged = new Set(
    received.flatMap(({ text }) => [...text.matchAll(/alerts\/([0-9a-f-]{36})/g)].map(([, id]) => id)),
  );
  const alerts = await records
    .selectFrom('alert')
    .select(['id', 'patient_id'])
    .execute()
    .catch(() => []);
  return critical
    .filter(({ patient }) => !alerts.some(({ id, patient_id }) => patient_id === patient && paged.has(id)))
    .map(({ source }) => source);
}

/** Until it is so, or for so long. */
async function patiently(mostMs: number, isSo: () => Promise<boolean>): Promise<void> {
  const until = clock.elapsed() + mostMs;
  while (!(await isSo().catch(() => false)) && clock.elapsed() < until) await clock.sleep(lookEveryMs);
}
