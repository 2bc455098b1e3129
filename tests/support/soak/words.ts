import type { SourceId } from '#domain/ids.ts';
import type { FaultRates } from '../../../simulators/peripherals/faults.ts';
import type { Told } from '../../../simulators/peripherals/peripheral.ts';

/** What the processes of a soak say to one another. Each is started with its `…Order` as JSON and hears `ask` from its parent. */
export type AirOrder = {
  homes: { busAddress: string; devices: { address: string; kind: string }[] }[];
  seed: number;
  rates: FaultRates;
};

/** `calm`: no more faults, nobody measures any more, and what was told and not taken is offered until it is taken. */
export type AirAsk = { ask: 'report' } | { ask: 'calm' };
export type AirReport = {
  connects: number;
  injected: Record<string, number>;
  /** Measurements that some device still wants to tell. */
  pending: number;
  /** Since the last report. */
  handedOver: HandedOver[];
  unheard: { address: string; hex: string }[];
};
/** `at`: ms since 1970. */
export type HandedOver = Told & { address: string; at: number };

export type GatewaysOrder = {
  homes: { busAddress: string; source: SourceId; secret: string; mqttUrl: string; dataDir: string }[];
  consents: { address: string; user: number; code: number }[];
};
/** In the folder of each home: every frame that its gateway has accepted, a line each, `<ms since 1970> <address> <hexadecimal>`. */
export const heardLog = 'heard.log';
export type GatewaysAsk = { ask: 'report' } | { ask: 'stop' };
/** After collecting garbage. */
export type GatewaysReport = { waiting: number; heapBytes: number; residentBytes: number };
