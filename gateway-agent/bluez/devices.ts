import type { Properties } from './bus.ts';

/**
 * What BlueZ has told of each device, kept in the order of its signals. `heardAt`, by the clock's `elapsed`, is set by
 * signals that come from the air only (a new RSSI), never by what BlueZ remembers.
 */
export type KnownDevice = {
  readonly path: string;
  address: string;
  name?: string;
  rssi?: number;
  services: ReadonlySet<string>;
  connected: boolean;
  resolved: boolean;
  paired: boolean;
  trusted: boolean;
  heardAt?: number;
};

/** 08:00:27:AA:BB:CC from …/dev_08_00_27_AA_BB_CC, and back. */
export const addressIn = (path: string): string | undefined =>
  /\/dev_([0-9A-F]{2}(?:_[0-9A-F]{2}){5})$/.exec(path)?.[1]?.replaceAll('_', ':');
export const devicePath = (adapterPath: string, address: string): string =>
  `${adapterPath}/dev_${address.toUpperCase().replaceAll(':', '_')}`;

export const deviceFace = 'org.bluez.Device1';

export function newDevice(path: string, values: Properties): KnownDevice {
  const device: KnownDevice = {
    path,
    address: addressIn(path) ?? '',
    services: new Set(),
    connected: false,
    resolved: false,
    paired: false,
    trusted: false,
  };
  applyTo(device, values, []);
  return device;
}

export function applyTo(device: KnownDevice, values: Properties, invalidated: string[]): void {
  const { Name, RSSI, UUIDs, Connected, ServicesResolved, Paired, Trusted } = values;
  if (typeof Name === 'string') device.name = Name;
  if (typeof RSSI === 'number') device.rssi = RSSI;
  if (invalidated.includes('RSSI')) delete device.rssi;
  if (Array.isArray(UUIDs)) device.services = new Set(UUIDs.map((uuid) => String(uuid).toLowerCase()));
  if (typeof Connected === 'boolean') device.connected = Connected;
  if (typeof ServicesResolved === 'boolean') device.resolved = ServicesResolved;
  if (typeof Paired === 'boolean') device.paired = Paired;
  if (typeof Trusted === 'boolean') device.trusted = Trusted;
}
