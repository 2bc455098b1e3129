import { uuid16 } from '../bluez/air.ts';
import type { SimulatedBluez } from '../bluez/bluez.ts';
import { AttFault } from '../bluez/faults.ts';
import { encodeHeartRate } from './frames/heart-rate.ts';
import { isEncrypted } from './housing.ts';
import type { Simulated } from './peripheral.ts';
import { createStreamDevice, type StreamDevice, type StreamDeviceConfig } from './stream-device.ts';

/**
 * A chest strap with the standard Heart Rate profile: about once a second the rate, the intervals between the beats since the
 * last frame, whether it touches the skin, and every tenth time the energy. Off the skin it repeats its last number and says
 * that there is no contact, until it drops the link (Polar: 20 to 30 s, developer.polar.com).
 */
export interface HeartRateStrap extends StreamDevice, Simulated {
  /** Beats per minute from now on. */
  feel(perMinute: number): void;
}

export type HeartRateStrapConfig = StreamDeviceConfig & {
  perMinute?: number;
  /** 16 bits for every rate; above 255 they are sent anyway. */
  wide?: boolean;
  /** It cannot tell whether it touches the skin. */
  tellsNoContact?: boolean;
};

export const heartRateService = uuid16(0x180d);
export const heartRateMeasurement = uuid16(0x2a37);
export const bodySensorLocation = uuid16(0x2a38);
export const heartRateControlPoint = uuid16(0x2a39);
/** Heart rate belt. */
const appearance = 0x0341;
const chest = 1;
const resetEnergy = 1;
/** Control Point Not Supported, of the Heart Rate profile. */
const controlPointNotSupported = 0x80;
/** kJ per beat of somebody at rest, about 5 kJ a minute at 70: an engineering choice. */
const energyPerBeatKj = 0.07;
const energyEvery = 10;
/** Intervals that fit the smallest link beside rate and energy. */
const intervalsAtMost = 7;

export function createHeartRateStrap(bluez: SimulatedBluez, config: HeartRateStrapConfig): HeartRateStrap {
  const { clock, random } = bluez;
  let perMinute = config.perMinute ?? 68;
  let energyKj = 0;
  let frames = 0;
  let lastBeatAt: number | undefined;
  const stream = createStreamDevice(bluez, config, {
    model: 'SIM-HR1',
    appearance,
    advertises: [heartRateService],
    services: (notified) => [
      {
        uuid: heartRateService,
        characteristics: [
          notified(0x2a37),
          { uuid: bodySensorLocation, flags: ['read'], read: () => Buffer.from([chest]) },
          {
            uuid: heartRateControlPoint,
            flags: ['write'],
            encrypted: isEncrypted(config),
            write: ([word]) => {
              if (word !== resetEnergy) throw new AttFault(controlPointNotSupported);
              energyKj = 0;
            },
          },
        ],
      },
    ],
    frame,
  });

  function frame(wornMs: number | undefined): Buffer {
    const contact = config.tellsNoContact ? undefined : wornMs !== undefined;
    if (wornMs === undefined) lastBeatAt = undefined;
    const intervals1024 = wornMs === undefined ? [] : beat(clock.now());
    energyKj += intervals1024.length * energyPerBeatKj;
    const tellsEnergy = frames++ % energyEvery === energyEvery - 1;
    return encodeHeartRate({
      perMinute: Math.round(perMinute),
      wide: config.wide,
      contact,
      energyKj: tellsEnergy ? Math.floor(energyKj) : undefined,
      intervals1024,
    });
  }

  /** The beats since the last frame; each comes a little early or late. */
  function beat(now: number): number[] {
    const intervals: number[] = [];
    lastBeatAt ??= now;
    while (intervals.length < intervalsAtMost) {
      const intervalMs = (60_000 / perMinute) * (0.97 + 0.06 * random.next());
      if (lastBeatAt + intervalMs > now) break;
      lastBeatAt += intervalMs;
      intervals.push(Math.round((intervalMs * 1024) / 1000));
    }
    return intervals;
  }

  return {
    ...stream,
    profile: 'heart-rate',
    feel: (next) => {
      perMinute = next;
    },
  };
}
