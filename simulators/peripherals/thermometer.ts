import type { Random } from '#runtime/random.ts';
import { uuid16 } from '../bluez/air.ts';
import type { SimulatedBluez } from '../bluez/bluez.ts';
import { dateTimeCharacteristic } from './clock-services.ts';
import { createDeviceClock, type DeviceClockConfig } from './device-clock.ts';
import { encodeTemperature, encodeTemperatureType, type TemperatureType } from './frames/thermometer.ts';
import { isEncrypted } from './housing.ts';
import { likely, tenth } from './likely.ts';
import type { Simulated, Told } from './peripheral.ts';
import { createPushDevice, type PushDevice, type PushDeviceConfig } from './push-device.ts';

/**
 * A thermometer with the standard Health Thermometer profile, its clock as Date Time in that service (A&D UT-201BLE). While it
 * warms up it tells intermediate temperatures to who listens; the measurement is what it ends with, or NaN.
 */
export interface Thermometer extends Omit<PushDevice, 'store' | 'proceed' | 'tellOnce'>, Simulated {
  /** Somebody has measured. @param celsius NaN when it was taken away too early. */
  measure(celsius: number): Told;
  /** Told to who listens to 0x2A1E, and kept nowhere. */
  warmUp(celsius: number): void;
}

export type ThermometerConfig = PushDeviceConfig &
  DeviceClockConfig & {
    unit?: 'Cel' | '[degF]';
    /** 1 or 2. */
    decimals?: number;
    type?: TemperatureType;
    /** Says where with each measurement; else it says so once, in 0x2A1D. */
    tellsTypeEachTime?: boolean;
  };

export const thermometerService = uuid16(0x1809);
export const temperatureMeasurement = uuid16(0x2a1c);
export const intermediateTemperature = uuid16(0x2a1e);
export const temperatureType = uuid16(0x2a1d);
/** Ear thermometer. */
const appearance = 0x0301;

export function createThermometer(bluez: SimulatedBluez, config: ThermometerConfig): Thermometer {
  const { unit = 'Cel', decimals = 1, type = 'ear', tellsTypeEachTime = false } = config;
  const encrypted = isEncrypted(config);
  const deviceClock = createDeviceClock(bluez.clock, config);
  const push = createPushDevice(bluez, config, {
    model: 'SIM-TH1',
    appearance,
    advertises: [thermometerService],
    services: (indicated) => [
      {
        uuid: thermometerService,
        characteristics: [
          indicated(0x2a1c),
          { uuid: intermediateTemperature, flags: ['notify'], encrypted },
          ...(tellsTypeEachTime
            ? []
            : [{ uuid: temperatureType, flags: ['read'] as const, read: () => encodeTemperatureType(type) }]),
          dateTimeCharacteristic(deviceClock, { encrypted }),
        ],
      },
    ],
  });

  const frameOf = (celsius: number) =>
    encodeTemperature({
      unit,
      temperature: unit === 'Cel' ? celsius : (celsius * 9) / 5 + 32,
      decimals,
      deviceTime: deviceClock.now(),
      type: tellsTypeEachTime ? type : undefined,
    });

  function measure(celsius: number): Told {
    const frame = frameOf(celsius);
    const becomes = Number.isNaN(celsius) ? 'aside' : 'reading';
    push.store([{ frames: [{ characteristic: temperatureMeasurement, frame }], becomes }]);
    return { frames: [frame.toString('hex')], becomes };
  }

  return {
    ...push,
    profile: 'thermometer',
    measure,
    warmUp: (celsius) => push.tellOnce(intermediateTemperature, frameOf(celsius)),
    use: (random) => measure(likelyTemperature(random)),
  };
}

/** One in twenty is taken out of the ear too early. */
const likelyTemperature = (random: Random): number => (likely(random, 0.05) ? Number.NaN : tenth(random, 35.8, 38.9));
