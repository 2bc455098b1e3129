import type { Clock } from '#runtime/clock.ts';
import type { Log } from '#runtime/log.ts';
import { type BluezRadioOptions, createRadioOnBluez } from '../bluez/radio-on-bluez.ts';
import { nodeBleWay } from '../node-ble/way.ts';
import type { Radio } from './radio.ts';

/** The Radio over BlueZ, by node-ble. */
export const createBluezRadio = (deps: { clock: Clock; log: Log }, options: BluezRadioOptions): Radio =>
  createRadioOnBluez(nodeBleWay, deps, options);
