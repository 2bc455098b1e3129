import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { MessageBus } from 'dbus-next';
import type NodeBle from 'node-ble';

/**
 * node-ble 1.13. The types add what it has and does not declare, as far as this adapter stands on it.
 *
 * createBluetooth() takes the bus address from the environment of the process and keeps the bus to itself. Several radios in one
 * process need several buses, and each bus needs an error listener at birth, or its first hiccup ends the process: so the bus
 * is opened here and node-ble's own Bluetooth object is put on top of it.
 */
const load = createRequire(import.meta.url);

const BluetoothOn = load('node-ble/src/Bluetooth.js') as new (bus: MessageBus) => NodeBle.Bluetooth;

export const bluetoothOn = (bus: MessageBus): NodeBle.Bluetooth => new BluetoothOn(bus);

/** node-ble's wrapper of one D-Bus object; an emitter of PropertiesChanged. */
type Helper = EventEmitter & {
  prop(name: string): Promise<unknown>;
  set(name: string, value: unknown): Promise<void>;
  callMethod(name: string, ...args: unknown[]): Promise<unknown>;
  removeListeners(): void;
};
type WithHelper = { helper: Helper };

export type BleAdapter = NodeBle.Adapter & WithHelper;
export type BleDevice = NodeBle.Device & WithHelper;
export type BleCharacteristic = NodeBle.GattCharacteristic & WithHelper;
export type BleService = NodeBle.GattService & WithHelper & { _characteristics: Record<string, BleCharacteristic> };
export type BleServer = NodeBle.GattServer & WithHelper & { _services: Record<string, BleService> };

/**
 * Takes every listener and match rule of a GATT tree off the bus. node-ble never does, and so keeps some 50 kB for each
 * connection that ever was, and one of the 512 match rules that a system bus grants for each characteristic.
 */
export function releaseServer(server: BleServer): void {
  for (const service of Object.values(server._services)) {
    for (const characteristic of Object.values(service._characteristics)) {
      characteristic.removeAllListeners();
      characteristic.helper.removeListeners();
    }
    service.helper.removeListeners();
  }
  server.helper.removeListeners();
}
