import type { Clock } from '#runtime/clock.ts';

/**
 * The air between a peripheral and the adapter that hears it: what a peripheral is, how it advertises, and the link it
 * talks over once somebody has connected.
 */
export type Flag = 'read' | 'write' | 'write-without-response' | 'reliable-write' | 'notify' | 'indicate';

export type Characteristic = {
  uuid: string;
  flags: readonly Flag[];
  /** Reading, writing and subscribing need an encrypted link: without one bluetoothd starts to pair by itself. */
  encrypted?: boolean;
  /** The peer knows Prepare Write, so a write of type `reliable` works. */
  preparesWrites?: boolean;
  /** @throws AttFault */
  read?: () => Buffer;
  /** @throws AttFault */
  write?: (value: Buffer, link: Link) => void;
  /**
   * Stands between the question and the peer, for what goes wrong on the way: a promise holds the answer back, one that never settles
   * leaves it out until the ATT transaction times out and the link is given up. undefined: nothing in the way. @throws AttFault
   */
  hold?: (asked: Asked) => Promise<void> | undefined;
  onSubscribe?: (link: Link) => void;
  onUnsubscribe?: (link: Link) => void;
};

/** `subscribe`: the write to the Client Characteristic Configuration. */
export type Asked = 'read' | 'write' | 'subscribe';

export type GattService = { uuid: string; characteristics: readonly Characteristic[] };

/**
 * How a peripheral pairs. `none` refuses, `just-works` asks nobody, `passkey` demands the six digits its display shows,
 * `never-answers` lets the Security Manager's 30 s run out.
 */
export type PairingManner = 'none' | 'just-works' | 'passkey' | 'never-answers';

export type PeripheralProfile = {
  /** Upper case with colons. */
  address: string;
  addressType?: 'public' | 'random';
  name?: string;
  /** Bluetooth SIG Assigned Numbers, 2.6. */
  appearance?: number;
  /** Service UUIDs in the advertisement. */
  advertises: readonly string[];
  manufacturerSpecific?: Readonly<Record<number, Buffer>>;
  /** Mean strength at the adapter, dBm. */
  rssi?: number;
  pairing: PairingManner;
  passkey?: number;
  /** From the advertisement that is answered to the link. */
  connectMs?: number;
  /** From the link to resolved services. */
  discoverMs?: number;
  pairMs?: number;
  /** One indication or confirmation takes about one connection interval. */
  intervalMs?: number;
  mtu?: number;
  /**
   * A bonded device keeps what it was told to send (Core Specification, Vol 3, Part G, 3.3.3.3), and one with this manner begins so long
   * after the link is up, whether or not bluetoothd has anybody to give the values to by then. Absent: it waits to be told again.
   */
  speaksUnaskedAfterMs?: number;
  services: readonly GattService[];
  onConnect?: (link: Link) => void;
  onDisconnect?: () => void;
};

export interface Link {
  /** False when nobody has subscribed or the link is gone: the value went nowhere. */
  notify(characteristic: string, value: Buffer): boolean;
  /** True when the central has confirmed. False says nothing about whether it heard the value: the link may have dropped in between. */
  indicate(characteristic: string, value: Buffer): Promise<boolean>;
  isSubscribed(characteristic: string): boolean;
  isEncrypted(): boolean;
  disconnect(): void;
}

export interface Peripheral {
  readonly profile: PeripheralProfile;
  /** Until somebody connects, `forMs` have passed, or it is stopped. */
  startAdvertising(forMs?: number): void;
  stopAdvertising(): void;
  isAdvertising(): boolean;
  link(): Link | null;
  /** Walks out of range, or its battery falls out. */
  vanish(): void;
}

export const usualMtu = 23;
export const usualIntervalMs = 30;

export const uuid16 = (assigned: number): string =>
  `0000${assigned.toString(16).padStart(4, '0')}-0000-1000-8000-00805f9b34fb`;

/** The sending half of a peripheral: while it advertises, `heard` is called at once and then every `intervalMs`. */
export function createAdvertiser(clock: Clock, intervalMs: number, heard: () => void) {
  let stopReports: (() => void) | null = null;
  let stopWindow = () => {};
  const stop = () => {
    stopReports?.();
    stopReports = null;
    stopWindow();
    stopWindow = () => {};
  };
  return {
    start(forMs?: number) {
      stop();
      stopReports = clock.every(intervalMs, heard);
      if (forMs !== undefined) stopWindow = clock.after(forMs, stop);
      heard();
    },
    stop,
    isOn: () => stopReports !== null,
  };
}
