import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Reading } from '#domain/reading.ts';
import { type Clock, systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { seededRandom } from '#runtime/random.ts';
import { type Outbox, openOutbox } from '../../gateway-agent/outbox/outbox.ts';
import { profiles } from '../../gateway-agent/profiles/catalogue.ts';
import { createDbusRadio } from '../../gateway-agent/radio/dbus-radio.ts';
import type { Radio } from '../../gateway-agent/radio/radio.ts';
import { sigUuid } from '../../gateway-agent/radio/uuid.ts';
import { settleFrames } from '../../gateway-agent/visit/settle.ts';
import { type VisitOptions, type VisitReport, visit } from '../../gateway-agent/visit/visit.ts';
import { createSimulatedBluez, type SimulatedBluez } from '../../simulators/bluez/bluez.ts';
import { type Bus, startBus } from '../../simulators/bus.ts';
import { createFaults, type Faults } from '../../simulators/peripherals/faults.ts';
import { until } from './until.ts';

/** What it takes to visit simulated devices over the radio that is the default, and to look into the outbox afterwards. */
export type VisitRoom = {
  bluez: SimulatedBluez;
  /** Build devices on `faults.around(bluez)` to have things go wrong. */
  faults: Faults;
  clock: Clock;
  outbox: Outbox;
  /** Waits until it advertises, and visits it once. */
  visit(address: string, options?: Partial<VisitOptions>): Promise<VisitReport>;
  /** Visits whatever advertises, as often as it does, until the condition holds. */
  visitUntil(condition: () => boolean, options?: Partial<VisitOptions>): Promise<void>;
  readings(): Reading[];
  /** The bytes of each reading, hexadecimal, in the order they came in. */
  raws(): string[];
  asides(): { reason: string; raw: string }[];
  /** What is on the disk at this moment is all that the next life finds; it settles that first. @returns readings that it found. */
  powerCut(): Promise<number>;
};

/** @param clockOf what both sides live by. */
export function visitRoom(clockOf: () => Clock = () => systemClock): VisitRoom {
  const room = {} as VisitRoom;
  let bus: Bus;
  let radio: Radio;
  let folder: string;
  let visits: AbortController;
  const running = new Set<Promise<unknown>>();
  const heardAt = new Map<string, number>();
  let path: string;
  let life: number;

  beforeAll(async () => {
    bus = await startBus();
  });
  afterAll(() => bus.stop());
  beforeEach(async () => {
    room.clock = clockOf();
    const random = seededRandom(7);
    visits = new AbortController();
    heardAt.clear();
    folder = mkdtempSync(join(tmpdir(), 'hearthbeat-visits-'));
    life = 0;
    path = join(folder, 'outbox.sqlite');
    room.outbox = openOutbox(room.clock, path);
    room.faults = createFaults({ clock: room.clock, random }, { slowMs: 50 });
    room.bluez = createSimulatedBluez(
      { clock: room.clock, random },
      {
        busAddress: bus.address,
        adapters: ['hci0'],
        advertisingIntervalMs: 30,
        disconnectLingerMs: 10,
        attTimeoutMs: 400,
      },
    );
    await room.bluez.start();
    radio = createDbusRadio({ clock: room.clock, log: silentLog }, { adapter: 'hci0', busAddress: bus.address });
    radio.watch(
      profiles.map(({ service }) => sigUuid(service)),
      ({ address }) => {
        heardAt.set(address, (heardAt.get(address) ?? 0) + 1);
      },
    );
  });
  afterEach(async () => {
    visits.abort();
    await Promise.all(running);
    await radio.close();
    await room.bluez.stop();
    room.outbox.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const begin = (address: string, options: Partial<VisitOptions> = {}) => {
    const { clock, outbox } = room;
    const deps = { radio, outbox, clock, random: seededRandom(3), log: silentLog };
    const done = visit(deps, address, { zone: 'UTC', kept: () => {}, quit: visits.signal, ...options });
    running.add(done);
    void done
      .then((r) => process.env.DBG && console.log(address, JSON.stringify(r), JSON.stringify(outbox.notes.of(address))))
      .finally(() => running.delete(done));
    return done;
  };

  return Object.assign(room, {
    visit: async (address: string, options?: Partial<VisitOptions>) => {
      heardAt.delete(address);
      await until(() => heardAt.has(address));
      return begin(address, options);
    },
    visitUntil: async (condition: () => boolean, options?: Partial<VisitOptions>) => {
      const visiting = new Set<string>();
      heardAt.clear();
      await until(() => {
        if (condition() && visiting.size === 0) return true;
        for (const address of condition() ? [] : heardAt.keys()) {
          if (visiting.has(address)) continue;
          visiting.add(address);
          void begin(address, options).finally(() => {
            visiting.delete(address);
            heardAt.delete(address);
          });
        }
        return false;
      });
    },
    readings: () => room.outbox.waiting(10_000).map(({ message }) => JSON.parse(message) as Reading),
    raws: () => room.readings().map(({ raw }) => raw!),
    asides: () => room.outbox.aside(10_000),
    powerCut: async () => {
      life++;
      const cut = join(folder, `${life}.sqlite`);
      for (const end of ['', '-wal']) copyFileSync(path + end, cut + end);
      const before = room.outbox;
      room.outbox = openOutbox(room.clock, cut);
      path = cut;
      visits.abort();
      visits = new AbortController();
      await Promise.all(running);
      before.close();
      const byVisit = Map.groupBy(room.outbox.unsettled(), (frame) => frame.visit);
      let readings = 0;
      for (const frames of byVisit.values()) readings += settleFrames(room.outbox, frames, true, 'UTC').readings;
      return readings;
    },
  });
}
