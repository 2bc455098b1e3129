import type { Clock } from '#runtime/clock.ts';
import type { Log } from '#runtime/log.ts';
import type { BluezRadioOptions } from '../bluez/radio-on-bluez.ts';
import type { Radio } from './radio.ts';

export const radioKinds = ['dbus', 'node-ble'] as const;
export type RadioKind = (typeof radioKinds)[number];

/**
 * The default, for what `npm run bench:radio` found in 900 visits to known and 180 to new devices with each, on two processors and
 * dbus-daemon, the air taking no time. D-Bus against node-ble, medians of times and means of processor time:
 * - first reading of a device never seen: 5.6 against 39.7 ms, and after a restart of the gateway 2.9 against 60.2 ms, for node-ble
 *   asks every object what it is;
 * - ten new devices that wake up together have all spoken after 108 against 246 ms;
 * - a visit to a new device costs 6.9 against 31.7 ms of processor time;
 * - with a device that comes again they are equal, 1.2 against 1.3 ms and 2.9 against 2.8 ms of processor time;
 * - neither's heap grows between the thousandth visit and the 2,500th;
 * - three match rules whatever is connected, where node-ble needs one for each characteristic, of the 512 that a bus grants.
 */
export const defaultRadio: RadioKind = 'dbus';

/** The other adapter is not even loaded. */
export async function chooseRadio(
  kind: RadioKind,
  deps: { clock: Clock; log: Log },
  options: BluezRadioOptions,
): Promise<Radio> {
  if (kind === 'node-ble') return (await import('./bluez-radio.ts')).createBluezRadio(deps, options);
  return (await import('./dbus-radio.ts')).createDbusRadio(deps, options);
}
