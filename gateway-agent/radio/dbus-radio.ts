import type { Clock } from '#runtime/clock.ts';
import type { Log } from '#runtime/log.ts';
import { type BluezRadioOptions, createRadioOnBluez } from '../bluez/radio-on-bluez.ts';
import { dbusWay } from '../dbus/way.ts';
import type { Radio } from './radio.ts';

/** The Radio over BlueZ, straight on D-Bus: three match rules whatever is connected, and no introspection. */
export const createDbusRadio = (deps: { clock: Clock; log: Log }, options: BluezRadioOptions): Radio =>
  createRadioOnBluez(dbusWay, deps, options);
