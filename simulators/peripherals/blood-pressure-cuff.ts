import type { Random } from '#runtime/random.ts';
import { type GattService, uuid16 } from '../bluez/air.ts';
import type { SimulatedBluez } from '../bluez/bluez.ts';
import { type ClockPlace, currentTimeService, dateTimeCharacteristic } from './clock-services.ts';
import { createDeviceClock, type DeviceClockConfig } from './device-clock.ts';
import {
  type BloodPressureFrame,
  type CuffStatus,
  encodeBloodPressure,
  encodeCuffPressure,
  encodeEnhancedBloodPressure,
} from './frames/blood-pressure.ts';
import { isEncrypted } from './housing.ts';
import { likely, whole } from './likely.ts';
import type { Simulated, Told } from './peripheral.ts';
import { createPushDevice, type PushDevice, type PushDeviceConfig, type StoredMeasurement } from './push-device.ts';

/**
 * A blood-pressure cuff with the standard Blood Pressure profile, and the manners of real ones (A&D UA-651BLE for most):
 * what every push device does, its clock as Date Time in the Blood Pressure service, the pressure told while it deflates, and,
 * if it is enhanced, each measurement twice: as 0x2A35 and as 0x2B34.
 */
export interface BloodPressureCuff extends Omit<PushDevice, 'store' | 'proceed' | 'tellOnce'>, Simulated {
  /** Somebody has measured. mmHg, beats per minute. `empty` tells when it was delivered. */
  measure(measurement: Measurement): Told;
  /** Puts frames of 0x2A35 into the memory as they are, byte for byte, and wakes the cuff. */
  replay(frames: readonly Buffer[]): void;
  /** The pressure while it deflates, mmHg: told to who listens to 0x2A36, and kept nowhere. */
  deflate(pressure: number): void;
}

/** mmHg and per minute. NaN is what the cuff tells when it could not measure. */
export type Measurement = {
  systolic: number;
  diastolic: number;
  mean?: number;
  pulse?: number;
  status?: readonly CuffStatus[];
  userSlot?: number;
};

export type BloodPressureCuffConfig = PushDeviceConfig &
  DeviceClockConfig & {
    unit?: BloodPressureFrame['unit'];
    /** Version 1.1 of the profile: 0x2B34 beside 0x2A35. */
    enhanced?: boolean;
    clockPlace?: ClockPlace;
  };

export const bloodPressureService = uuid16(0x1810);
export const bloodPressureMeasurement = uuid16(0x2a35);
export const enhancedBloodPressureMeasurement = uuid16(0x2b34);
export const intermediateCuffPressure = uuid16(0x2a36);
export const bloodPressureFeature = uuid16(0x2a49);
/** Generic Blood Pressure. */
const appearance = 0x0380;
/** Body movement, cuff fit, irregular pulse, pulse range and position are detected; bit 5 says several bonds. */
const features = Buffer.from([0b11_1111, 0]);

export function createBloodPressureCuff(bluez: SimulatedBluez, config: BloodPressureCuffConfig): BloodPressureCuff {
  const { unit = 'mmHg', enhanced = false, clockPlace = 'date-time' } = config;
  const encrypted = isEncrypted(config);
  const deviceClock = createDeviceClock(bluez.clock, config);
  const push = createPushDevice(bluez, config, {
    model: 'SIM-BP2',
    appearance,
    advertises: [bloodPressureService],
    services: (indicated) => {
      const service: GattService = {
        uuid: bloodPressureService,
        characteristics: [
          indicated(0x2a35),
          ...(enhanced ? [indicated(0x2b34)] : []),
          { uuid: intermediateCuffPressure, flags: ['notify'], encrypted },
          { uuid: bloodPressureFeature, flags: ['read'], read: () => features },
          ...(clockPlace === 'date-time' ? [dateTimeCharacteristic(deviceClock, { encrypted })] : []),
        ],
      };
      return clockPlace === 'date-time' ? [service] : [service, currentTimeService(deviceClock, { encrypted })];
    },
  });

  const inUnit = (mmHg: number) => (unit === 'mmHg' ? mmHg : mmHg / mmHgPerKPa);

  function frameOf({ systolic, diastolic, mean, pulse, userSlot, status = [] }: Measurement): BloodPressureFrame {
    return {
      unit,
      systolic: inUnit(systolic),
      diastolic: inUnit(diastolic),
      mean: mean === undefined ? undefined : inUnit(mean),
      deviceTime: deviceClock.now(),
      pulse,
      userSlot,
      status,
    };
  }

  function measure(measurement: Measurement): Told {
    const frame = frameOf(measurement);
    const becomes = Number.isNaN(measurement.systolic) || Number.isNaN(measurement.diastolic) ? 'aside' : 'reading';
    const standard = encodeBloodPressure(frame);
    const better = enhanced ? encodeEnhancedBloodPressure(frame) : undefined;
    const frames = [
      { characteristic: bloodPressureMeasurement, frame: standard },
      ...(better ? [{ characteristic: enhancedBloodPressureMeasurement, frame: better }] : []),
    ];
    push.store([{ frames, becomes }]);
    return { frames: [(better ?? standard).toString('hex')], becomes };
  }

  const replayed = (frame: Buffer): StoredMeasurement => ({
    frames: [{ characteristic: bloodPressureMeasurement, frame }],
    becomes: 'reading',
  });

  return {
    ...push,
    profile: 'blood-pressure',
    measure,
    use: (random) => measure(likelyMeasurement(random)),
    replay: (frames) => push.store(frames.map(replayed)),
    deflate: (pressure) =>
      push.tellOnce(intermediateCuffPressure, encodeCuffPressure({ unit, pressure: inUnit(pressure) })),
  };
}

/** NIST SP 811, table of conversion factors. */
const mmHgPerKPa = 7.50062;

/** One in twenty fails, one in ten is disturbed. */
function likelyMeasurement(random: Random): Measurement {
  const [systolic, diastolic, pulse] = [whole(random, 100, 170), whole(random, 60, 95), whole(random, 52, 98)];
  if (likely(random, 0.05)) return { systolic: Number.NaN, diastolic: Number.NaN, status: ['cuff-too-loose'] };
  const status: CuffStatus[] = likely(random, 0.1) ? ['body-movement'] : likely(random, 0.1) ? ['irregular-pulse'] : [];
  return { systolic, diastolic, mean: Math.round(diastolic + (systolic - diastolic) / 3), pulse, status };
}
