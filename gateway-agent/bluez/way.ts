import type { Clock } from '#runtime/clock.ts';
import type { Heard, Named } from '../radio/radio.ts';
import type { BluezBus, BluezEvent } from './bus.ts';
import type { KnownDevice } from './devices.ts';

/**
 * Where the adapters of the Radio differ: the way in which a device is spoken to. One lives as long as a connection to the bus. Its promises need
 * no deadlines and no eye on the link, for links.ts puts both around them.
 */
export interface Way {
  /** Takes up what is known of the device; some of it stays from visit to visit. */
  peer(device: KnownDevice): Promise<Peer>;
  /** Called for everything BlueZ says, in its order, when devices.ts knows it already. */
  hear(event: BluezEvent): void;
  /** Objects at or below this path are gone; without a path, all. */
  forget(path?: string): void;
}

/** @param adapter as `hci0`. @param holds whether a link to this device stands or is being made. */
export type WayTo = (clock: Clock, bus: BluezBus, adapter: string, holds: (path: string) => boolean) => Way;

/** One device as a Way speaks to it. Services and characteristics by UUID. */
export interface Peer {
  /**
   * `hear` gets every indicated or notified value from now on, and goes on after the link has ended: a device that comes back may speak
   * before anybody has connected to it.
   */
  listen(hear: (heard: Heard) => void): void;
  /** Tells BlueZ that these will be subscribed to. Nobody waits for it: it is asked for once more. */
  expect(those: readonly Named[]): void;
  connect(): Promise<unknown>;
  /** Whatever must be known before characteristics can be named. Called when services are resolved. */
  look(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  pair(): Promise<unknown>;
  cancelPairing(): Promise<unknown>;
  trust(): Promise<unknown>;
  has(service: string, characteristic: string): boolean;
  /** read, write and notify throw `no-such` for one that the device has not. */
  read(service: string, characteristic: string): Promise<Buffer>;
  /** With response. */
  write(service: string, characteristic: string, bytes: Buffer): Promise<unknown>;
  /** Values are heard from the call on, not from its answer on: a cuff may speak at once. */
  notify(service: string, characteristic: string): Promise<unknown>;
}
