import type { DeviceStatus, StatusMessage } from './downward.ts';

/**
 * What is wrong with a device or a source, judged from what the source says of itself. Words from closed lists, which the
 * console and the command line put into sentences. Limits are engineering defaults.
 */

/** Cuffs and meters begin to fail some weeks after it; there is time to bring batteries along. */
export const batteryLowPercent = 20;
/** A device's clock is corrected by the gateway; so far off, somebody should set it all the same. */
export const deviceClockOffMs = 5 * 60_000;
/** The gateway's own clock stands in every time that it corrects, and nobody corrects it. */
export const sourceClockOffMs = 60_000;
/** A source that is connected and has kept something back for so long does not get it through. */
export const backlogMs = 30 * 60_000;
/** Of an outbox: what is beyond it must be sent soon, or the oldest is given up. */
const outboxFullShare = 0.8;

/** A device's own gateway adds `trouble` words of its own; these are ours. */
export const deviceTroubles = ['battery-low', 'clock-wrong'] as const;
export type DeviceTrouble = (typeof deviceTroubles)[number];

export const sourceTroubles = [
  'revoked',
  'radio-down',
  'radio-degraded',
  'clock-wrong',
  'backlog',
  'outbox-filling',
  'readings-lost',
] as const;
export type SourceTrouble = (typeof sourceTroubles)[number];

export function troublesOfDevice(status: DeviceStatus | undefined): DeviceTrouble[] {
  const troubles: DeviceTrouble[] = [];
  if (status?.battery !== undefined && status.battery <= batteryLowPercent) troubles.push('battery-low');
  if (Math.abs(status?.clockOffsetMs ?? 0) >= deviceClockOffMs) troubles.push('clock-wrong');
  return troubles;
}

export function troublesOfSource(status: StatusMessage | null, revoked: boolean): SourceTrouble[] {
  const troubles: SourceTrouble[] = revoked ? ['revoked'] : [];
  if (!status) return troubles;
  const { state, at, outbox, radio } = status;
  if (state === 'online' && radio?.state === 'down') troubles.push('radio-down');
  if (state === 'online' && radio?.state === 'degraded') troubles.push('radio-degraded');
  if (Math.abs(status.clockOffsetMs ?? 0) >= sourceClockOffMs) troubles.push('clock-wrong');
  if (state === 'online' && at && outbox?.oldestAt && Date.parse(at) - Date.parse(outbox.oldestAt) >= backlogMs)
    troubles.push('backlog');
  if (outbox && outbox.bytes >= outboxFullShare * outbox.mostBytes) troubles.push('outbox-filling');
  if (outbox && outbox.lost > 0) troubles.push('readings-lost');
  return troubles;
}
