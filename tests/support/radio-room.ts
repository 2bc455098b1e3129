import { afterEach, beforeEach, expect } from 'vitest';
import { type Clock, systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { seededRandom } from '#runtime/random.ts';
import type { createBluezRadio } from '../../gateway-agent/radio/bluez-radio.ts';
import type { Advertisement, Heard, Radio } from '../../gateway-agent/radio/radio.ts';
import { sigUuid } from '../../gateway-agent/radio/uuid.ts';
import { createSimulatedBluez, type SimulatedBluez, type SimulatedBluezConfig } from '../../simulators/bluez/bluez.ts';
import { type Bus, startBus } from '../../simulators/bus.ts';
import {
  type BloodPressureCuff,
  type BloodPressureCuffConfig,
  createBloodPressureCuff,
} from '../../simulators/peripherals/blood-pressure-cuff.ts';
import { type BluezClient, connectToBluez } from './bluez-client.ts';
import { until } from './until.ts';

export type CreateRadio = typeof createBluezRadio;

export const bloodPressure = sigUuid(0x1810);
export const measurement = sigUuid(0x2a35);
export const deviceInformation = sigUuid(0x180a);
export const modelNumber = sigUuid(0x2a24);
export const address = 'AA:BB:CC:00:00:01';

export const systolicIn = ({ bytes }: Heard) => bytes.readUInt16LE(1);

/** The kinds of bus there are on this machine, the preferred one first. */
export async function busKinds(): Promise<Bus['kind'][]> {
  const installed = await startBus();
  await installed.stop();
  return installed.kind === 'dbus-daemon' ? ['dbus-daemon', 'dbus-native'] : ['dbus-native'];
}

export type RadioRoom = {
  bus: Bus;
  bluez: SimulatedBluez;
  radio: Radio;
  /** What `radio` has heard. */
  advertisements: Advertisement[];
  closeLater(close: () => unknown): void;
  begin(kind?: Bus['kind'], timings?: Partial<SimulatedBluezConfig>): Promise<void>;
  simulation(timings?: Partial<SimulatedBluezConfig>): SimulatedBluez;
  listen(options?: Partial<Parameters<CreateRadio>[1]>, into?: Advertisement[], clock?: Clock): Radio;
  cuffWith(config?: Partial<BloodPressureCuffConfig>): BloodPressureCuff;
  heardOf(of?: string): Promise<void>;
  /** Resolves when the radio has heard it advertise. */
  measure(cuff: BloodPressureCuff, systolic: number): Promise<void>;
  /** From advertisement to hang-up. */
  visit(of?: string, into?: Heard[], by?: Radio): Promise<Heard[]>;
  listens(one?: Radio): Promise<void>;
  /** A client beside the radio that writes down every signal. */
  client(): Promise<BluezClient>;
};

/** A bus, a simulated bluetoothd, cuffs and a radio that listens to them; every test of the describe around it has its own. */
export function radioRoom(createRadio: CreateRadio): RadioRoom {
  const toClose: (() => unknown)[] = [];
  const room: RadioRoom = {
    bus: undefined as unknown as Bus,
    bluez: undefined as unknown as SimulatedBluez,
    radio: undefined as unknown as Radio,
    advertisements: [] as Advertisement[],
    closeLater: (close) => toClose.push(close),
    begin: async (kind, timings = {}) => {
      room.bus = await startBus({ prefer: kind });
      room.bluez = room.simulation(timings);
      await room.bluez.start();
      room.radio = room.listen();
    },
    simulation: (timings = {}) =>
      createSimulatedBluez(
        { clock: systemClock, random: seededRandom(1) },
        {
          busAddress: room.bus.address,
          adapters: ['hci0', 'hci3'],
          advertisingIntervalMs: 40,
          disconnectLingerMs: 20,
          connectTimeoutMs: 400,
          pairingTimeoutMs: 400,
          ...timings,
        },
      ),
    listen: (options = {}, into = room.advertisements, clock = systemClock) => {
      const opened = createRadio(
        { clock, log: silentLog },
        { adapter: 'hci0', busAddress: room.bus.address, ...options },
      );
      opened.watch([bloodPressure], (advertisement) => into.push(advertisement));
      toClose.push(() => opened.close());
      return opened;
    },
    cuffWith: (config = {}) =>
      createBloodPressureCuff(room.bluez, {
        adapter: 'hci0',
        address,
        connectMs: 5,
        discoverMs: 10,
        pairMs: 5,
        hangsUpAfterMs: 30,
        ...config,
      }),
    heardOf: (of = address) => until(() => room.advertisements.some((a) => a.address === of)),
    measure: async (cuff, systolic) => {
      room.advertisements.length = 0;
      cuff.measure({ systolic, diastolic: 80 });
      await room.heardOf(cuff.address);
    },
    visit: async (of = address, into = [], by = room.radio) => {
      const link = await by.connect(of, (heard) => into.push(heard));
      await link.pair();
      await link.subscribe(bloodPressure, measurement);
      expect(await link.ended).toBe('device');
      return into;
    },
    listens: (one = room.radio) => until(() => one.health().state === 'ok'),
    client: async () => {
      const client = await connectToBluez(room.bus.address);
      toClose.push(() => client.close());
      return client;
    },
  };
  beforeEach(() => {
    room.advertisements = [];
  });
  afterEach(async () => {
    for (const close of toClose.splice(0)) await close();
    await room.bluez.stop();
    await room.bus.stop();
  });
  return room;
}
