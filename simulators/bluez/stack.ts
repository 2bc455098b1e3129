import type { Clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import type { Agents } from './agents.ts';
import type { ObjectTree } from './objects.ts';

/** What every part of the simulated bluetoothd stands on. */
export type Stack = { clock: Clock; random: Random; tree: ObjectTree; agents: Agents; timings: Timings };

export type Timings = {
  /** How often a peripheral that advertises is heard, ms. */
  advertisingIntervalMs: number;
  /** A device nobody connected to or trusted is forgotten after so long (main.conf: TemporaryTimeout). */
  temporaryTimeoutMs: number;
  /** Connect to a silent device fails after so long; measured on 5.66. */
  connectTimeoutMs: number;
  /** Disconnect lets the link live for so long (DISCONNECT_TIMER in src/device.c). */
  disconnectLingerMs: number;
  /** The Security Manager gives up after so long (Core Specification, Vol 3, Part H, 3.4). */
  pairingTimeoutMs: number;
  /** A question over ATT that nobody answers ends the link after so long (Core Specification, Vol 3, Part F, 3.3.3). */
  attTimeoutMs: number;
  /** A call to an agent is given up after so long (REQUEST_TIMEOUT in src/agent.c). */
  agentTimeoutMs: number;
  /** 5.66 may leave out PropertiesChanged(Connected=true) of a first connection. */
  omitsFirstConnected: boolean;
  /** Device1.Disconnected with its reason, which only newer BlueZ sends. */
  sendsDisconnected: boolean;
};

export const usualTimings: Timings = {
  advertisingIntervalMs: 300,
  temporaryTimeoutMs: 30_000,
  connectTimeoutMs: 42_000,
  disconnectLingerMs: 2_000,
  pairingTimeoutMs: 30_000,
  attTimeoutMs: 30_000,
  agentTimeoutMs: 60_000,
  omitsFirstConnected: false,
  sendsDisconnected: false,
};

export const adapterInterface = 'org.bluez.Adapter1';
export const deviceInterface = 'org.bluez.Device1';
export const serviceInterface = 'org.bluez.GattService1';
export const characteristicInterface = 'org.bluez.GattCharacteristic1';
export const descriptorInterface = 'org.bluez.GattDescriptor1';
export const batteryInterface = 'org.bluez.Battery1';
