import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import { type Clock, systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { seededRandom } from '#runtime/random.ts';
import { fixed } from '../../gateway-agent/identity/papers.ts';
import { type Outbox, openOutbox } from '../../gateway-agent/outbox/outbox.ts';
import { createUplink, type Uplink, type UplinkConfig } from '../../gateway-agent/uplink/uplink.ts';
import { settleFrames } from '../../gateway-agent/visit/settle.ts';
import { heardFrame } from './heard-frames.ts';
import { type ReceiptingServer, startReceiptingServer } from './receipting-server.ts';

export const source = SourceId.parse('home-of-a-test');
export const secret = 'a-token-of-thirty-two-bytes-or-so';

/** The clock of a machine that is so far ahead. */
export const clockAhead = (ms: () => number): Clock => ({ ...systemClock, now: () => systemClock.now() + ms() });

/** Which n it was, by the cuff's own clock. */
export const numberIn = ({ deviceTime }: { deviceTime?: string }): number =>
  (Date.parse(`${deviceTime}Z`) - Date.UTC(2026, 0, 1)) / 60_000;

export type UplinkRoom = {
  server: ReceiptingServer;
  outbox: Outbox;
  path: string;
  /** Over the outbox of the room; ends with the test. */
  uplinkWith(config?: Partial<UplinkConfig>, clock?: Clock): Uplink;
  /** Puts measurements into the outbox, with their numbers, as heard then; in one visit. */
  take(numbers: number[], options?: { heardAt?: number; device?: string }): void;
  /** The numbers that the server has got, repetitions included. */
  got(): number[];
};

/** An outbox, a server that receipts, or does not, and uplinks between them; every test of the describe around it has its own. */
export function uplinkRoom(): UplinkRoom {
  const ends: (() => unknown)[] = [];
  const room: UplinkRoom = {
    server: undefined as unknown as ReceiptingServer,
    outbox: undefined as unknown as Outbox,
    path: '',
    uplinkWith: (config = {}, clock = systemClock) => {
      const uplink = createUplink(
        { outbox: room.outbox, clock, random: seededRandom(1), log: silentLog },
        {
          source,
          signIn: fixed({ secret }),
          mqttUrl: `mqtt://127.0.0.1:${room.server.port()}`,
          status: () => ({ waiting: room.outbox.count() }),
          ...config,
          limits: { backOff: { firstMs: 50, mostMs: 200 }, lookMs: 100, ...config.limits },
        },
      );
      ends.push(() => uplink.close());
      return uplink;
    },
    take: (numbers, { heardAt, device } = {}) => {
      room.outbox.together(() => {
        const frames = numbers.map((n) =>
          room.outbox.hear({ ...heardFrame(n, device), ...(heardAt ? { heardAt } : {}), visit: `from ${numbers[0]}` }),
        );
        settleFrames(room.outbox, frames, true, 'UTC');
      });
    },
    got: () => room.server.readings.map(numberIn),
  };
  beforeEach(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hearthbeat-uplink-'));
    room.path = join(folder, 'outbox.sqlite');
    room.outbox = openOutbox(systemClock, room.path);
    room.server = await startReceiptingServer(source, secret);
    ends.push(
      () => rmSync(folder, { recursive: true, force: true }),
      () => room.outbox.close(),
      () => room.server.down().catch(() => {}),
    );
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  return room;
}
