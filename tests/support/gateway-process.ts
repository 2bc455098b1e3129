import { watch } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SourceId } from '#domain/ids.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { createGatewayAgent } from '../../gateway-agent/agent.ts';
import { chooseRadio, type RadioKind } from '../../gateway-agent/radio/choose-radio.ts';

/**
 * A gateway that tells its parent when it heard a device that is waited for advertise, and when the first frame after that was on its disk:
 * `gateway-process.ts <radio> <bus address> <mqtt url> <data folder> <source> <token>`. Each message from the parent is the address of one device.
 */
export type Step = { step: 'waiting' | 'advertised' | 'kept'; at: number };

const [kind, busAddress, mqttUrl, dataDir, source, secret] = process.argv.slice(2) as [RadioKind, ...string[]];
const now = () => performance.timeOrigin + performance.now();
const radio = await chooseRadio(kind, { clock, log }, { adapter: 'hci0', busAddress });
let waitedFor: string | undefined;
let advertised = false;

const agent = createGatewayAgent(
  {
    radio: {
      ...radio,
      watch: (services, heard) =>
        radio.watch(services, (advertisement) => {
          if (advertisement.address === waitedFor && !advertised) {
            advertised = true;
            process.send?.({ step: 'advertised', at: now() } satisfies Step);
          }
          heard(advertisement);
        }),
    },
    clock,
    random,
    log,
  },
  {
    source: SourceId.parse(source),
    credential: { secret: secret! },
    mqttUrl: mqttUrl!,
    dataDir: dataDir!,
    timeZone: 'UTC',
    devices: 'any',
  },
);
await agent.start();
const path = join(dataDir!, 'outbox.sqlite');
const reader = new DatabaseSync(path, { readOnly: true });
const heardEver = reader.prepare("SELECT coalesce(max(seq), 0) AS n FROM sqlite_sequence WHERE name = 'frames'");
const frames = () => heardEver.get()!.n as number;
let before = 0;
// a commit writes the log and waits for the disk before anybody hears of the change
watch(`${path}-wal`, () => {
  if (!advertised || frames() === before) return;
  advertised = false;
  waitedFor = undefined;
  process.send?.({ step: 'kept', at: now() } satisfies Step);
});
process.on('message', (address: string) => {
  waitedFor = address;
  before = frames();
  process.send?.({ step: 'waiting', at: now() } satisfies Step);
});
process.on('disconnect', () => process.exit(0));
while (agent.health().state !== 'ok') {
  await clock.sleep(10);
}
process.send?.({ ready: true });
