import type { Characteristic, GattService, Link } from '../bluez/air.ts';
import { uuid16 } from '../bluez/air.ts';
import type { SimulatedBluez } from '../bluez/bluez.ts';
import { createHousing, type HousingConfig, isEncrypted } from './housing.ts';
import type { Simulated, Told } from './peripheral.ts';

/**
 * What cuffs, thermometers, scales and spot-check oximeters have in common: silent until somebody has measured; then heard for
 * a while; needs a bond; stores what it could not deliver; once subscribed, indicates the oldest first and one at a time; hangs
 * up by itself; and offers again what was not confirmed.
 */
export interface PushDevice extends Omit<Simulated, 'profile' | 'use'> {
  /** Puts measurements into the memory, and wakes the device. */
  store(measurements: readonly StoredMeasurement[]): void;
  /** Something that its delivery waits for has happened, such as a consent. */
  proceed(): void;
  /** While connected and listened to: a value that is told once and never stored. */
  tellOnce(characteristic: string, frame: Buffer): void;
  /** Resolves when every measurement has been confirmed. */
  empty(): Promise<void>;
  setBattery(percent: number): void;
}

/** Frames that are told in this order, each where it is listened to; one lost, all are told again. `user`: told to this one only. */
export type StoredMeasurement = { frames: readonly StoredFrame[]; becomes: Told['becomes']; user?: number };
export type StoredFrame = { characteristic: string; frame: Buffer };

export type PushDeviceConfig = HousingConfig & {
  /** It is heard for so long after a measurement; 30 s is usual, A&D's about a minute. */
  advertisesForMs?: number;
  /** From the last confirmed measurement to its hang-up. */
  hangsUpAfterMs?: number;
  /** A connection in which nobody listens ends after so long (A&D: about a minute). */
  patienceMs?: number;
};

export type PushDeviceInside = {
  model: string;
  appearance: number;
  advertises: readonly string[];
  /** @param indicated makes a characteristic that it indicates measurements on. */
  services: (indicated: (assigned: number) => Characteristic) => readonly GattService[];
  /** Is everything listened to, and somebody let in, that it takes to begin? As it stands, any subscription will do. */
  isReady?: (link: Link) => boolean;
  /** May this one be told on this link? */
  mayTell?: (measurement: StoredMeasurement, link: Link) => boolean;
  onConnect?: (link: Link) => void;
};

/** A device's memory; the oldest goes when it is full. */
export const storedAtMost = 100;
/** Nobody may ask what was handed over. */
const handedOverAtMost = 10_000;

export function createPushDevice(
  bluez: SimulatedBluez,
  config: PushDeviceConfig,
  inside: PushDeviceInside,
): PushDevice {
  const { clock } = bluez;
  const advertisesForMs = config.advertisesForMs ?? 30_000;
  const hangsUpAfterMs = config.hangsUpAfterMs ?? 500;
  const patienceMs = config.patienceMs ?? 60_000;
  const indicated: string[] = [];
  const isAnyHeard = (link: Link) => indicated.some((characteristic) => link.isSubscribed(characteristic));
  const { isReady = isAnyHeard, mayTell = () => true } = inside;
  let memory: StoredMeasurement[] = [];
  let awakeUntil = 0;
  let sending: Link | null = null;
  let stopWaiting = () => {};
  let waiters: (() => void)[] = [];
  let handedOver: Told[] = [];

  const { peripheral, setBattery, remove } = createHousing(bluez, config, {
    ...inside,
    services: inside.services((assigned) => {
      const uuid = uuid16(assigned);
      indicated.push(uuid);
      return {
        uuid,
        flags: ['indicate'],
        encrypted: isEncrypted(config),
        onSubscribe: (link) => void deliver(link),
      };
    }),
    onConnect: (link) => {
      stopWaiting = clock.after(patienceMs, () => link.disconnect());
      inside.onConnect?.(link);
    },
    onDisconnect: () => {
      stopWaiting();
      sending = null;
      // what was not confirmed is offered again while the device is still awake
      const leftMs = awakeUntil - clock.now();
      if (memory.length > 0 && leftMs > 0) peripheral.startAdvertising(leftMs);
    },
  });

  function wake() {
    awakeUntil = clock.now() + advertisesForMs;
    const link = peripheral.link();
    if (!link) peripheral.startAdvertising(advertisesForMs);
    else void deliver(link);
  }

  /** One indication at a time, and a measurement leaves the memory only when all of it was confirmed. */
  async function deliver(link: Link) {
    if (sending === link || !isReady(link)) return;
    sending = link;
    stopWaiting();
    const next = () => memory.find((one) => mayTell(one, link) && isHeard(one, link));
    for (let one = next(); one; one = next()) {
      const frames = await tell(one, link);
      if (!frames) break;
      if (handedOver.push({ frames, becomes: one.becomes }) > handedOverAtMost) handedOver.shift();
      memory = memory.filter((other) => other !== one);
    }
    if (sending === link) sending = null;
    if (memory.length === 0) tellEmpty();
    if (peripheral.link() !== link) return;
    stopWaiting();
    stopWaiting = clock.after(hangsUpAfterMs, () => {
      if (sending === null) link.disconnect();
    });
  }

  function tellEmpty() {
    for (const waiter of waiters) waiter();
    waiters = [];
  }

  return {
    address: config.address,
    store: (measurements) => {
      memory = [...memory, ...measurements].slice(-storedAtMost);
      wake();
    },
    wake,
    proceed: () => {
      const link = peripheral.link();
      if (link) void deliver(link);
    },
    tellOnce: (characteristic, frame) => void peripheral.link()?.notify(characteristic, frame),
    pending: () => memory.length,
    takeHandedOver: () => {
      const taken = handedOver;
      handedOver = [];
      return taken;
    },
    empty: () =>
      memory.length === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiters.push(resolve);
          }),
    setBattery,
    vanish: () => {
      awakeUntil = 0;
      peripheral.vanish();
    },
    remove: () => {
      awakeUntil = 0;
      remove();
    },
  };
}

const isHeard = ({ frames }: StoredMeasurement, link: Link): boolean =>
  frames.some(({ characteristic }) => link.isSubscribed(characteristic));

/** What was confirmed; undefined when the link was lost in between, and nobody knows what was heard. */
async function tell({ frames }: StoredMeasurement, link: Link): Promise<string[] | undefined> {
  const confirmed: string[] = [];
  // who stops listening in between has not heard all of it
  const listened = frames.filter(({ characteristic }) => link.isSubscribed(characteristic));
  for (const { characteristic, frame } of listened) {
    if (!(await link.indicate(characteristic, frame))) return undefined;
    confirmed.push(frame.toString('hex'));
  }
  return confirmed;
}
