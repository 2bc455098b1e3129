import type { PanelName } from '#domain/vitals.ts';
import type { HomeDevice } from '#runtime/records/silence.ts';
import type { Silence } from '../rule.ts';

/** What is known of a home in which something expected has not come. */
export type HomeFacts = {
  devices: readonly HomeDevice[];
  /** The platform itself takes, records or judges nothing at present, or most sources are away from it, or that was so a short while ago. */
  platformTroubled: boolean;
};

/** A gateway that is moved or begun again is back by then; readings that waited in it, too. */
export const shortAwayMs = 15 * 60_000;

/**
 * Whose silence it is that nothing of these panels has come since `lastAt`. Null: nobody's, or nobody can tell yet.
 * - `platform`: we do not hear well ourselves; nothing can be said of a patient.
 * - `gateway`: the source of the device that measured last of this, or of every one, is away, shut out or deaf, or keeps readings back.
 * - `device`: its gateway is there, and it is in trouble, or other devices of the patient were heard meanwhile.
 * - `patient`: all of it works as far as anybody knows, and nobody measures.
 *
 * @param panels what is missing; devices that have never measured any of it count only where no other does.
 * @param lastAt when the last of it was taken, ms since 1970
 */
export function whoIsSilent(
  facts: HomeFacts,
  panels: readonly PanelName[],
  lastAt: number,
  now: number,
): Silence | null {
  if (facts.platformTroubled) return 'platform';
  const measuring = facts.devices.filter((device) => device.panels.some((panel) => panels.includes(panel)));
  const concerned = measuring.length > 0 ? measuring : facts.devices;
  // who has no device any more is asked for nothing
  if (concerned.length === 0) return null;
  const ways = concerned.map((device) => wayOf(device, now));
  if (ways.some((way) => way === 'unclear')) return null;
  const reached = concerned.filter((_, i) => ways[i] === 'open');
  // what somebody measures by today may wait there, whatever lies in a drawer within reach
  const usual = measuredLast(concerned);
  if (!usual.some((device) => reached.includes(device)))
    return usual.every(({ source }) => source.kind === 'device') ? 'device' : 'gateway';
  const others = facts.devices.filter((device) => !concerned.includes(device));
  const heardMeanwhile = others.some(({ lastReadingAt }) => lastReadingAt !== null && lastReadingAt > lastAt);
  return heardMeanwhile || reached.every(({ troubled }) => troubled) ? 'device' : 'patient';
}

/** Usually one; all, where none has measured. */
function measuredLast(devices: readonly HomeDevice[]): HomeDevice[] {
  const last = Math.max(...devices.map(({ lastReadingAt }) => lastReadingAt ?? 0));
  return devices.filter(({ lastReadingAt }) => (lastReadingAt ?? 0) === last);
}

/** `unclear`: away for a moment, which says nothing. */
function wayOf({ source }: HomeDevice, now: number): 'open' | 'closed' | 'unclear' {
  if (source.deaf) return 'closed';
  if (source.awaySince !== null) return now - source.awaySince >= shortAwayMs ? 'closed' : 'unclear';
  return source.waiting ? 'closed' : 'open';
}
