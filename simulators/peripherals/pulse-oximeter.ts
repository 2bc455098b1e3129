import type { Random } from '#runtime/random.ts';
import { uuid16 } from '../bluez/air.ts';
import type { SimulatedBluez } from '../bluez/bluez.ts';
import { dateTimeCharacteristic } from './clock-services.ts';
import { createDeviceClock, type DeviceClockConfig } from './device-clock.ts';
import {
  type DeviceStatus,
  encodePlxFeatures,
  encodeSpotCheck,
  type MeasurementStatus,
  type Oximetry,
} from './frames/pulse-oximeter.ts';
import { isEncrypted } from './housing.ts';
import { likely, tenth, whole } from './likely.ts';
import type { Simulated, Told } from './peripheral.ts';
import { createPushDevice, type PushDevice, type PushDeviceConfig } from './push-device.ts';

/**
 * A fingertip oximeter for spot checks: one value each time somebody puts a finger in, with its own time and what it thinks of
 * the signal. One whose clock was never set counts from the day it left the factory, and says so in every frame, as the
 * ChoiceMMed oximeter of Stack Overflow 71264072 does.
 */
export interface PulseOximeter extends Omit<PushDevice, 'store' | 'proceed' | 'tellOnce'>, Simulated {
  measure(check: SpotCheck): Told;
}

export type SpotCheck = Oximetry & {
  /** Percent. */
  amplitudeIndex?: number;
  measurementStatus?: readonly MeasurementStatus[];
  deviceStatus?: readonly DeviceStatus[];
};

export type PulseOximeterConfig = PushDeviceConfig & DeviceClockConfig;

export const pulseOximeterService = uuid16(0x1822);
export const spotCheckMeasurement = uuid16(0x2a5e);
export const plxFeatures = uuid16(0x2a60);
/** Fingertip oximeter. */
export const fingertipAppearance = 0x0c41;
/** Time stamps, pulse amplitude, several bonds. */
const features = (1 << 3) | (1 << 6) | (1 << 7);
/** Where the clock of that ChoiceMMed begins. */
const leftTheFactory = Date.UTC(2017, 0, 1);

export function createPulseOximeter(bluez: SimulatedBluez, config: PulseOximeterConfig): PulseOximeter {
  const { clock } = bluez;
  const encrypted = isEncrypted(config);
  const deviceClock = createDeviceClock(clock, config);
  const switchedOnAt = clock.now();
  const push = createPushDevice(bluez, config, {
    model: 'SIM-OX1',
    appearance: fingertipAppearance,
    advertises: [pulseOximeterService],
    services: (indicated) => [
      {
        uuid: pulseOximeterService,
        characteristics: [
          indicated(0x2a5e),
          { uuid: plxFeatures, flags: ['read'], read: () => encodePlxFeatures(features) },
          dateTimeCharacteristic(deviceClock, { encrypted }),
        ],
      },
    ],
  });

  const factoryTime = () => new Date(leftTheFactory + clock.now() - switchedOnAt).toISOString().slice(0, 19);

  function measure(check: SpotCheck): Told {
    const time = deviceClock.now();
    const frame = encodeSpotCheck({
      measurementStatus: ['validated'],
      deviceStatus: [],
      ...check,
      deviceTime: time ?? factoryTime(),
      clockNotSet: time === undefined,
    });
    const becomes = isValue(check) ? 'reading' : 'aside';
    push.store([{ frames: [{ characteristic: spotCheckMeasurement, frame }], becomes }]);
    return { frames: [frame.toString('hex')], becomes };
  }

  return {
    ...push,
    profile: 'pulse-oximeter',
    measure,
    use: (random) => measure(likelyCheck(random)),
  };
}

const isValue = ({ saturation, measurementStatus = [] }: SpotCheck): boolean =>
  typeof saturation === 'number' &&
  !Number.isNaN(saturation) &&
  !measurementStatus.some((status) => ['calibrating', 'unavailable', 'invalid'].includes(status));

/** One in twenty finds no pulse, one in ten is taken with a cold finger. */
function likelyCheck(random: Random): SpotCheck {
  if (likely(random, 0.05)) return { measurementStatus: ['unavailable'], deviceStatus: ['non-pulsatile'] };
  const [saturation, pulse] = [whole(random, 88, 99), whole(random, 52, 105)];
  return likely(random, 0.1)
    ? { saturation, pulse, amplitudeIndex: 0.3, deviceStatus: ['low-perfusion'] }
    : { saturation, pulse, amplitudeIndex: tenth(random, 2, 12) };
}
