import { type Characteristic, type GattService, type Link, uuid16 } from '../bluez/air.ts';
import { AttFault, att } from '../bluez/faults.ts';
import type { DeviceClock } from './device-clock.ts';

/** Where a device keeps its clock: as Date Time in the service of its profile (A&D), or in a Current Time service (Omron, Beurer). */
export type ClockPlace = 'date-time' | 'current-time';

export const dateTime = uuid16(0x2a08);
export const currentTime = uuid16(0x2a2b);
const currentTimeServiceUuid = uuid16(0x1805);

/** @param written is called when somebody has set the clock. */
type Parts = { encrypted: boolean | undefined; written?: (link: Link) => void };

/** Date Time 0x2A08, 7 bytes. */
export const dateTimeCharacteristic = (clock: DeviceClock, { encrypted, written }: Parts): Characteristic => ({
  uuid: dateTime,
  flags: clock.canBeSet ? ['read', 'write'] : ['read'],
  encrypted,
  read: clock.read,
  write: clock.canBeSet ? setter(clock, 7, written) : undefined,
});

/** Current Time 0x1805 with 0x2A2B, 10 bytes: Date Time, day of the week, 1/256 s, reason of the last adjustment. */
export const currentTimeService = (clock: DeviceClock, { encrypted, written }: Parts): GattService => ({
  uuid: currentTimeServiceUuid,
  characteristics: [
    {
      uuid: currentTime,
      flags: clock.canBeSet ? ['read', 'write', 'notify'] : ['read', 'notify'],
      encrypted,
      read: () => Buffer.concat([clock.read(), Buffer.from([dayOfWeek(clock.now()), 0, 0])]),
      write: clock.canBeSet ? setter(clock, 10, written) : undefined,
    },
  ],
});

const setter =
  (clock: DeviceClock, length: number, written: Parts['written']): Characteristic['write'] =>
  (bytes, link) => {
    if (bytes.length !== length) throw new AttFault(att.invalidLength);
    clock.write(bytes.subarray(0, 7));
    written?.(link);
  };

/** 1 Monday to 7 Sunday, 0 unknown. */
const dayOfWeek = (time: string | undefined): number =>
  time === undefined ? 0 : new Date(`${time}Z`).getUTCDay() || 7;
