import type { Characteristic, GattService, Link } from '../bluez/air.ts';
import { uuid16 } from '../bluez/air.ts';
import type { SimulatedBluez } from '../bluez/bluez.ts';
import { createHousing, type HousingConfig, isEncrypted } from './housing.ts';
import type { Simulated } from './peripheral.ts';

/**
 * What straps and worn oximeters have in common: heard as long as they are worn, speak every second to whoever listens, keep
 * nothing, and drop the link some time after they were taken off.
 */
export interface StreamDevice extends Omit<Simulated, 'profile'> {
  /** Put on: searches first, then tells. Once more while worn is nothing new. */
  putOn(): void;
  /** It goes on talking for a while, without contact. */
  takeOff(): void;
  isWorn(): boolean;
  /** Frames that reached somebody who listens. */
  told(): number;
  setBattery(percent: number): void;
}

export type StreamDeviceConfig = HousingConfig & {
  /** Between two frames. */
  everyMs?: number;
  /** From taking off to silence; Polar straps take 20 to 30 s (developer.polar.com). */
  lingersMs?: number;
  /** A connection in which nobody listens ends after so long. */
  patienceMs?: number;
};

export type StreamDeviceInside = {
  model: string;
  appearance: number;
  advertises: readonly string[];
  /** @param notified makes the characteristic that it speaks on; there is one. */
  services: (notified: (assigned: number) => Characteristic) => readonly GattService[];
  /** The next frame. @param wornMs since it was put on, undefined without contact. */
  frame: (wornMs: number | undefined) => Buffer;
};

export function createStreamDevice(
  bluez: SimulatedBluez,
  config: StreamDeviceConfig,
  inside: StreamDeviceInside,
): StreamDevice {
  const { clock } = bluez;
  const { everyMs = 1_000, lingersMs = 25_000, patienceMs = 60_000 } = config;
  let wornSince: number | undefined;
  let isAwake = false;
  let told = 0;
  let stopSpeaking = () => {};
  let stopWaiting = () => {};
  let stopLingering = () => {};

  const { peripheral, setBattery, remove } = createHousing(bluez, config, {
    ...inside,
    services: inside.services((assigned) => ({
      uuid: uuid16(assigned),
      flags: ['notify'],
      encrypted: isEncrypted(config),
      onSubscribe: (link) => speak(link, uuid16(assigned)),
      onUnsubscribe: (link) => {
        stopSpeaking();
        losePatience(link);
      },
    })),
    onConnect: losePatience,
    onDisconnect: () => {
      stopWaiting();
      stopSpeaking();
      if (isAwake) peripheral.startAdvertising();
    },
  });

  function losePatience(link: Link) {
    stopWaiting();
    stopWaiting = clock.after(patienceMs, () => link.disconnect());
  }

  function speak(link: Link, characteristic: string) {
    stopWaiting();
    stopSpeaking();
    const say = () => {
      const wornMs = wornSince === undefined ? undefined : clock.now() - wornSince;
      if (link.notify(characteristic, inside.frame(wornMs))) told++;
    };
    stopSpeaking = clock.every(everyMs, say);
  }

  function sleep() {
    isAwake = false;
    wornSince = undefined;
    peripheral.stopAdvertising();
    peripheral.link()?.disconnect();
  }

  function putOn() {
    stopLingering();
    wornSince ??= clock.now();
    wake();
  }

  function wake() {
    isAwake = true;
    if (!peripheral.link()) peripheral.startAdvertising();
  }

  return {
    address: config.address,
    use: () => {
      putOn();
      return { frames: [], becomes: 'stream' };
    },
    putOn,
    takeOff: () => {
      wornSince = undefined;
      stopLingering();
      stopLingering = clock.after(lingersMs, sleep);
    },
    isWorn: () => wornSince !== undefined,
    wake,
    told: () => told,
    pending: () => 0,
    takeHandedOver: () => [],
    setBattery,
    vanish: () => {
      isAwake = false;
      peripheral.vanish();
    },
    remove: () => {
      stopLingering();
      isAwake = false;
      remove();
    },
  };
}
