import { uuid16 } from '../bluez/air.ts';
import type { SimulatedBluez } from '../bluez/bluez.ts';
import { type DeviceStatus, encodeContinuous, encodePlxFeatures } from './frames/pulse-oximeter.ts';
import { whole } from './likely.ts';
import type { Simulated } from './peripheral.ts';
import { fingertipAppearance, plxFeatures, pulseOximeterService } from './pulse-oximeter.ts';
import { createStreamDevice, type StreamDevice, type StreamDeviceConfig } from './stream-device.ts';

/**
 * An oximeter that is worn, and speaks every second on 0x2A5F: it searches for the pulse first and tells no number, then early
 * estimates that settle, then what it measures. Off the finger it says so, until it drops the link.
 */
export interface ContinuousOximeter extends StreamDevice, Simulated {
  /** What it would measure from now on. */
  feel(body: OximeterBody): void;
}

/** Percent, per minute, percent. `weak`: the finger is cold. */
export type OximeterBody = { saturation: number; pulse: number; amplitudeIndex?: number; weak?: boolean };

export type ContinuousOximeterConfig = StreamDeviceConfig & {
  body?: OximeterBody;
  /** From putting on to the first number. */
  searchesMs?: number;
  /** From the first number to a settled one. */
  settlesMs?: number;
};

export const continuousMeasurement = uuid16(0x2a5f);
/** Pulse amplitude, several bonds. */
const features = (1 << 6) | (1 << 7);
/** How far the first numbers are off. */
const unsettled = { saturation: -6, pulse: 18 } as const;

export function createContinuousOximeter(bluez: SimulatedBluez, config: ContinuousOximeterConfig): ContinuousOximeter {
  const { random } = bluez;
  const { searchesMs = 4_000, settlesMs = 6_000 } = config;
  let body = config.body ?? { saturation: 96, pulse: 72 };
  const stream = createStreamDevice(bluez, config, {
    model: 'SIM-OX2',
    appearance: fingertipAppearance,
    advertises: [pulseOximeterService],
    services: (notified) => [
      {
        uuid: pulseOximeterService,
        characteristics: [
          notified(0x2a5f),
          { uuid: plxFeatures, flags: ['read'], read: () => encodePlxFeatures(features) },
        ],
      },
    ],
    frame,
  });

  function frame(wornMs: number | undefined): Buffer {
    if (wornMs === undefined)
      return encodeContinuous({ measurementStatus: ['unavailable'], deviceStatus: ['not-on-user'] });
    if (wornMs < searchesMs)
      return encodeContinuous({ measurementStatus: ['unavailable'], deviceStatus: ['analysis-ongoing'] });
    const off = Math.max(0, 1 - (wornMs - searchesMs) / settlesMs);
    const deviceStatus: DeviceStatus[] = body.weak ? ['low-perfusion'] : [];
    return encodeContinuous({
      saturation: Math.min(100, Math.round(body.saturation + off * unsettled.saturation)),
      // a heart does not keep time to the beat
      pulse: Math.round(body.pulse + off * unsettled.pulse) + whole(random, -1, 1),
      measurementStatus: off > 0 ? ['ongoing', 'early-estimate'] : ['ongoing', 'validated'],
      deviceStatus,
      amplitudeIndex: body.weak ? 0.3 : (body.amplitudeIndex ?? 4.2),
    });
  }

  return {
    ...stream,
    profile: 'pulse-oximeter',
    feel: (next) => {
      body = next;
    },
  };
}
