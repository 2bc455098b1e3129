import { Outage } from '#domain/errors.ts';
import type { Health } from '#runtime/service.ts';

/**
 * What the gateway needs of a Bluetooth radio. Services and characteristics are named by 128-bit UUIDs in lower case, devices by
 * their address in upper case with colons. Every promise settles within a deadline that the adapter names, and rejects with
 * a RadioFault only.
 */
export interface Radio {
  /**
   * Calls `heard` for every advertisement of a device with one of `services`, as it comes from the air: never for what the
   * radio merely remembers. And, now and then, for a device that is held by a link of an earlier life: it cannot advertise, and connect()
   * takes that link over. Goes on through restarts of whatever is below. The answer ends it.
   */
  watch(services: readonly string[], heard: (advertisement: Advertisement) => void): () => void;
  /**
   * Connects to a device that has just advertised, and resolves when its services are known. To one that has not,
   * `not-advertising` at once: waiting for a silent device blocks the radio for most of a minute.
   * Beyond `radioLimits.links` it waits for a place as long as the advertisement is fresh.
   * @param hear gets every value the device indicates or notifies, in order. A device that was subscribed to in an earlier link may
   * speak before connect() resolves.
   * @param expects what will be subscribed to. A bonded device may speak without being asked again, and BlueZ confirms what nobody listens
   * to: so BlueZ is told before the link is made, if it knows by then what the device has, else as soon as it does.
   */
  connect(address: string, hear: (heard: Heard) => void, expects?: Expects): Promise<Link>;
  /**
   * Ends the link to a device and undoes its pairing and trust. Resolves, too, when nothing is known of it. A device that keeps its own half of
   * the pairing may have to be made to forget it as well.
   */
  forget(address: string): Promise<void>;
  /** `degraded` when it listens and has heard nothing at all for very long: it may be deaf. */
  health(): Health;
  /** Hangs up on every device, and ends every watch. */
  close(): Promise<void>;
}

export const radioLimits = {
  /** Links at a time, those being made included. The usual controllers hold seven or eight. */
  links: 7,
  /** Attempts that wait for a place; a further one is `busy` at once. */
  waiting: 64,
} as const;

/** `services`: all that it advertises or is known to have. */
export type Advertisement = {
  address: string;
  name?: string;
  rssi?: number;
  services: readonly string[];
  paired: boolean;
  at: number;
};

/** A characteristic. */
export type Named = { service: string; characteristic: string };

/** What will be subscribed to on a device that has what it has. */
export type Expects = (has: Link['has']) => readonly Named[];

/** `at`: when the gateway heard it, ms since 1970. */
export type Heard = { service: string; characteristic: string; bytes: Buffer; at: number };

export interface Link {
  readonly address: string;
  paired(): boolean;
  /** Pairs and trusts: a trusted device is let in again by itself. Resolves at once when it is paired already. */
  pair(): Promise<void>;
  has(service: string, characteristic: string): boolean;
  read(service: string, characteristic: string): Promise<Buffer>;
  /** Asks for indications or notifications, whichever the characteristic has. */
  subscribe(service: string, characteristic: string): Promise<void>;
  /** With response. */
  write(service: string, characteristic: string, bytes: Buffer): Promise<void>;
  /** Resolves, once, when the link is no more. */
  readonly ended: Promise<LinkEnd>;
  disconnect(): Promise<void>;
}

/** Who ended it. `radio`: everything below went away (bluetoothd restarted, adapter unplugged, bus lost). */
export type LinkEnd = 'device' | 'gateway' | 'radio';

/**
 * `radio-away`: no bus, no bluetoothd, no such adapter, or it is off. `not-advertising`: not heard just now. `busy`: a link to it stands or
 * is being made, or there are too many others. `not-reached`: it did not answer. `link-lost`: it went away meanwhile. `late`: no answer within the deadline.
 * `pairing-refused`: it would not pair. `not-paired`: it wants pairing for this. `no-such`: it has no such characteristic.
 * `refused`: it, or BlueZ, said no.
 */
export type RadioFaultCode =
  | 'radio-away'
  | 'not-advertising'
  | 'busy'
  | 'not-reached'
  | 'link-lost'
  | 'late'
  | 'pairing-refused'
  | 'not-paired'
  | 'no-such'
  | 'refused';

export class RadioFault extends Outage {
  declare readonly code: RadioFaultCode;
  /** The ATT error with which the device refused, where it is known. */
  readonly att: number | undefined;

  constructor(code: RadioFaultCode, message: string, cause?: unknown, att?: number) {
    super(code, message, { retry: code !== 'no-such', cause });
    this.name = 'RadioFault';
    this.att = att;
  }
}
