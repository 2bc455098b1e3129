import type { DeviceStatus, StatusMessage } from '#domain/downward.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import type { Home } from './home.ts';
import type { Nearby } from './nearby.ts';
import type { Outbox } from './outbox.ts';
import type { Radio } from './radio.ts';

export const software = 'hearthbeat-gateway 0.1.0';

/** How a gateway stands, as the platform hears it. */
export type GatewayStatus = Omit<StatusMessage, 'v' | 'state'>;

/** As many devices as a status message holds. */
const devicesAtMost = 64;

export function statusOf(
  clock: Clock,
  { outbox, home, near, radio }: { outbox: Outbox | undefined; home: Home | undefined; near: Nearby; radio: Radio },
): GatewayStatus {
  const { state, detail } = radio.health();
  const known = outbox?.notes.all(devicesAtMost) ?? [];
  const unheard = (home?.devices() ?? []).filter(({ device }) => !known.some((one) => one.device === device));
  return {
    at: instant(clock.now()),
    software,
    waiting: outbox?.count() ?? 0,
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
