import type { Characteristic, GattService, Link, PairingManner, Peripheral } from '../bluez/air.ts';
import type { SimulatedBluez } from '../bluez/bluez.ts';
import { batteryService, deviceInformation } from './common-services.ts';

/** What can be chosen of every device: where it is, what stands on its label, and how it behaves on the air. */
export type HousingConfig = {
  /** The adapter that hears it, e.g. `hci0`. */
  adapter: string;
  /** Upper case with colons. */
  address: string;
  name?: string;
  manufacturer?: string;
  model?: string;
  serial?: string;
  firmware?: string;
  /** Percent. */
  battery?: number;
  pairing?: PairingManner;
  passkey?: number;
  connectMs?: number;
  discoverMs?: number;
  pairMs?: number;
  /** As in PeripheralProfile. */
  intervalMs?: number;
  /** As in PeripheralProfile; absent: it waits to be told in each link. */
  speaksUnaskedAfterMs?: number;
  rssi?: number;
};

export type Inside = {
  /** Its name and model, unless another is chosen. */
  model: string;
  /** Bluetooth SIG Assigned Numbers 2.6. */
  appearance: number;
  advertises: readonly string[];
  services: readonly GattService[];
  onConnect: (link: Link) => void;
  onDisconnect: () => void;
};

export type Housing = { peripheral: Peripheral; setBattery(percent: number): void; remove(): void };

const batteryLevel = '00002a19-0000-1000-8000-00805f9b34fb';

/** Puts the inside of a device into a housing with a label and a battery, and the whole on the air. */
export function createHousing(bluez: SimulatedBluez, config: HousingConfig, inside: Inside): Housing {
  let battery = config.battery ?? 90;
  const peripheral = bluez.addPeripheral(config.adapter, {
    address: config.address,
    name: config.name ?? config.model ?? inside.model,
    appearance: inside.appearance,
    advertises: inside.advertises,
    rssi: config.rssi,
    pairing: pairingOf(config),
    passkey: config.passkey,
    connectMs: config.connectMs ?? 60,
    discoverMs: config.discoverMs ?? 200,
    pairMs: config.pairMs ?? 150,
    intervalMs: config.intervalMs,
    speaksUnaskedAfterMs: config.speaksUnaskedAfterMs,
    services: [
      deviceInformation({
        manufacturer: config.manufacturer ?? 'Hearthbeat Simulated',
        model: config.model ?? inside.model,
        serial: config.serial ?? config.address.replaceAll(':', ''),
        firmware: config.firmware ?? '1.0.0',
      }),
      batteryService(() => battery),
      ...inside.services,
    ],
    onConnect: inside.onConnect,
    onDisconnect: inside.onDisconnect,
  });
  return {
    peripheral,
    setBattery: (percent) => {
      battery = percent;
      peripheral.link()?.notify(batteryLevel, Buffer.from([percent]));
    },
    remove: () => bluez.removePeripheral(config.adapter, peripheral),
  };
}

const pairingOf = (config: HousingConfig): PairingManner => config.pairing ?? 'just-works';

/** Values about a person are told over an encrypted link only, unless the device does not pair at all. */
export const isEncrypted = (config: HousingConfig): Characteristic['encrypted'] => pairingOf(config) !== 'none';
