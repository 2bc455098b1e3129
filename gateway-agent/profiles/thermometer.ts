import { currentTimeClock, dateTimeClock } from './current-time.ts';
import { type DeviceTime, readDateTime } from './device-time.ts';
import { readFrame } from './frame.ts';
import { converted, type Decimal, decimalsOf, isSpecial, type Special, toNumber } from './ieee11073.ts';
import type { Profile, Said, Told } from './profile.ts';
import { thermometerExamples } from './thermometer.examples.ts';
import { bit, quantity } from './values.ts';

/** Assigned numbers. */
export const thermometerUuids = {
  service: 0x1809,
  measurement: 0x2a1c,
  type: 0x2a1d,
  interval: 0x2a21,
} as const;
const uuids = thermometerUuids;

/**
 * Health Thermometer Profile: Temperature Measurement 0x2A1C, indicated. Intermediate Temperature 0x2A1E is a thermometer still
 * warming up and no measurement: it is never asked for.
 * Source: Bluetooth SIG GATT Specification Supplement; captures as named beside them.
 */
export const thermometer: Profile = {
  name: 'thermometer',
  title: 'Health Thermometer',
  service: uuids.service,
  measurements: [
    {
      characteristic: uuids.measurement,
      name: 'Temperature Measurement',
      decode: (bytes) => told(decodeTemperature(bytes)),
    },
  ],
  reads: [
    { characteristic: uuids.type, name: 'Temperature Type', decode: decodeTemperatureType, kept: false },
    { characteristic: uuids.interval, name: 'Measurement Interval', decode: decodeMeasurementInterval, kept: false },
  ],
  clocks: [dateTimeClock(uuids.service), currentTimeClock],
  quirks: [],
  devices: [
    {
      name: 'A&D UT-201BLE',
      says: 'switches itself off after pairing',
      source: 'public hardware notes (GenericBleController)',
    },
  ],
  examples: thermometerExamples,
};

export type TemperatureFrame = {
  temperature: Decimal | Special;
  unit: 'Cel' | '[degF]';
  deviceTime?: DeviceTime;
  /** 1 armpit to 9 tympanum; 0 is reserved. */
  type?: number;
};

export function decodeTemperature(bytes: Uint8Array): Said<TemperatureFrame> {
  const frame = readFrame(bytes);
  const flags = frame.u8();
  const has = (n: number) => bit(flags, n);
  const temperature = frame.float();
  const deviceTime = has(1) ? readDateTime(frame) : undefined;
  const type = has(2) ? frame.u8() : undefined;
  const fault = frame.fault();
  if (fault) return { fault };
  if (has(1) && deviceTime === undefined) return { fault: 'impossible-time' };
  return {
    said: {
      temperature,
      unit: has(0) ? '[degF]' : 'Cel',
      ...(deviceTime === undefined ? {} : { deviceTime }),
      ...(type === undefined ? {} : { type }),
    },
  };
}

function told(decoded: Said<TemperatureFrame>): Told {
  if ('fault' in decoded) return decoded;
  const { temperature, unit, deviceTime } = decoded.said;
  if (isSpecial(temperature)) return { fault: 'no-value' };
  const isCelsius = unit === 'Cel';
  const celsius = isCelsius ? toNumber(temperature) : toCelsius(temperature);
  const decimals = decimalsOf(isCelsius ? temperature : converted(temperature, celsiusPerFahrenheit));
  // a FLOAT reaches to 10^134, which is no temperature of anything
  if (!Number.isFinite(celsius)) return { fault: 'no-value' };
  return {
    measured: {
      panel: 'body-temperature',
      values: [quantity('body-temperature', celsius, decimals)],
      marks: [],
      ...(deviceTime === undefined ? {} : { deviceTime }),
    },
  };
}

/**
 * The one place where a temperature changes its unit. Whole numbers up to the one division, so it is rounded once, to the nearest number
 * there is; those who show it round to a tenth, and nobody rounds what was rounded before.
 */
export function toCelsius({ mantissa, exponent }: Decimal): number {
  if (exponent > 0 || exponent < -7) return ((toNumber({ mantissa, exponent }) - 32) * 5) / 9;
  const scale = 10 ** -exponent;
  return ((mantissa - 32 * scale) * 5) / (9 * scale);
}

/** 5/9: how large a step of one degree Fahrenheit is. */
const celsiusPerFahrenheit: Decimal = { mantissa: 5_555_556, exponent: -7 };

export const temperatureTypes = [
  'reserved',
  'armpit',
  'body',
  'ear',
  'finger',
  'gastro-intestinal',
  'mouth',
  'rectum',
  'toe',
  'tympanum',
] as const;

/** 0x2A1D: where this thermometer always measures. */
export function decodeTemperatureType(bytes: Uint8Array): Said<(typeof temperatureTypes)[number]> {
  const frame = readFrame(bytes);
  const word = frame.u8();
  const fault = frame.fault();
  if (fault) return { fault };
  const type = temperatureTypes[word];
  return type && word > 0 ? { said: type } : { fault: 'reserved-value' };
}

/** 0x2A21; 0 seconds: only when somebody measures. */
export function decodeMeasurementInterval(bytes: Uint8Array): Said<{ seconds: number }> {
  const frame = readFrame(bytes);
  const seconds = frame.u16();
  const fault = frame.fault();
  return fault ? { fault } : { said: { seconds } };
}
