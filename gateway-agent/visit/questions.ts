import type { Clock } from '#runtime/clock.ts';
import { batteryUuids, decodeBatteryLevel } from '../profiles/battery.ts';
import { decodeText, deviceInformationUuids } from '../profiles/device-information.ts';
import type { Profile } from '../profiles/profile.ts';
import { type Heard, type Link, RadioFault } from '../radio/radio.ts';
import { sigUuid } from '../radio/uuid.ts';
import { visitLimits } from './limits.ts';

/**
 * What a device is asked once. It may not have it, may not say it, or may say nonsense: then there is no answer. Only a lost link, or a
 * radio that went away, is a fault.
 */
export async function ask<T>(
  link: Link,
  service: number,
  characteristic: number,
  read: (bytes: Buffer) => T | undefined,
): Promise<T | undefined> {
  if (!link.has(sigUuid(service), sigUuid(characteristic))) return undefined;
  try {
    return read(await link.read(sigUuid(service), sigUuid(characteristic)));
  } catch (fault) {
    if (isGone(fault)) throw fault;
    return undefined;
  }
}

export const isGone = (fault: unknown): boolean =>
  fault instanceof RadioFault && (fault.code === 'link-lost' || fault.code === 'radio-away');

export const readModel = (link: Link): Promise<string | undefined> =>
  ask(link, deviceInformationUuids.service, deviceInformationUuids.modelNumber, decodeText);

/** Percent. */
export const readBattery = (link: Link): Promise<number | undefined> =>
  ask(link, batteryUuids.service, batteryUuids.level, (bytes) => {
    const level = decodeBatteryLevel(bytes);
    return 'said' in level ? level.said.percent : undefined;
  });

/**
 * Hands on what the frames of a profile hang on, as if it had been heard. One that is there and will not be told ends the visit: records that nobody
 * can date would be told and lost, and so they stay in the device until it can be asked again.
 */
export async function readKept(link: Link, profile: Profile, clock: Clock, hear: (heard: Heard) => void) {
  const service = sigUuid(profile.service);
  for (const read of profile.reads) {
    const characteristic = sigUuid(read.characteristic);
    if (!read.kept || !link.has(service, characteristic)) continue;
    hear({ service, characteristic, bytes: await insist(link, service, characteristic), at: clock.now() });
  }
}

async function insist(link: Link, service: string, characteristic: string): Promise<Buffer> {
  for (let tries = 1; ; tries++)
    try {
      return await link.read(service, characteristic);
    } catch (fault) {
      if (isGone(fault) || tries === visitLimits.keptTries) throw fault;
    }
}
