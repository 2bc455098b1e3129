import { statfsSync } from 'node:fs';
import type { DeviceStatus, StatusMessage } from '#domain/downward.ts';
import about from '#package.json' with { type: 'json' };
import { type Clock, instant } from '#runtime/clock.ts';
import type { Home } from './home.ts';
import type { Papers, PapersStanding } from './identity/papers.ts';
import type { Outbox, Standing } from './outbox/outbox.ts';
import type { Nearby } from './radio/nearby.ts';
import type { Radio } from './radio/radio.ts';
import type { Uplink } from './uplink/uplink.ts';

export const software = `hearthbeat-gateway ${about.version}`;

/** How a gateway stands, as the platform hears it. */
export type GatewayStatus = Omit<StatusMessage, 'v' | 'state'>;

/** As many devices as a status message holds. */
const devicesAtMost = 64;

export function statusOf(
  clock: Clock,
  deps: {
    outbox: Outbox | undefined;
    home: Home | undefined;
    near: Nearby;
    radio: Radio;
    uplink: Uplink | undefined;
    papers: Papers | undefined;
    /** Holds the outbox. */
    dataDir: string;
  },
): GatewayStatus {
  const { outbox, home, near, radio, uplink, papers, dataDir } = deps;
  const standing = outbox?.standing();
  const clockOffsetMs = uplink?.clockOffsetMs();
  const freeBytes = freeOn(dataDir);
  const { state, detail } = radio.health();
  const known = outbox?.notes.all(devicesAtMost) ?? [];
  const unheard = (home?.devices() ?? []).filter(({ device }) => !known.some((one) => one.device === device));
  return {
    at: instant(clock.now()),
    software,
    waiting: standing?.waiting ?? 0,
    ...(standing ? { outbox: outboxOf(standing) } : {}),
    ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
    ...(freeBytes === undefined ? {} : { freeBytes }),
    ...(papers ? { certificate: certificateOf(papers.standing()) } : {}),
    radio: { state, ...(detail === undefined ? {} : { detail: detail.slice(0, 128) }) },
    devices: [
      ...known.map(({ device, model, heardAt, battery, rssi, clockOffsetMs, trouble }): DeviceStatus => {
        const neighbour = near.of(device);
        const lastAt = Math.max(heardAt ?? 0, neighbour?.heardAt ?? 0);
        const strength = neighbour?.rssi ?? rssi;
        return {
          device,
          ...(model === undefined ? {} : { model }),
          ...(lastAt === 0 ? {} : { heardAt: instant(lastAt) }),
          ...(battery === undefined ? {} : { battery }),
          ...(strength === undefined ? {} : { rssi: strength }),
          ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
          ...(trouble === undefined ? {} : { trouble }),
        };
      }),
      ...unheard.map(({ device }): DeviceStatus => ({ device })),
    ].slice(0, devicesAtMost),
  };
}

const outboxOf = ({ oldestAt, bytes, mostBytes, aside, lost }: Standing): GatewayStatus['outbox'] => ({
  ...(oldestAt === undefined ? {} : { oldestAt: instant(oldestAt) }),
  bytes,
  mostBytes,
  aside,
  lost,
});

const certificateOf = ({ notAfter, trouble }: PapersStanding): GatewayStatus['certificate'] => ({
  notAfter: instant(notAfter),
  ...(trouble === undefined ? {} : { trouble }),
});

function freeOn(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    // a folder that is not there yet
    return undefined;
  }
}
