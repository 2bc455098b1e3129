/** Writes frames of standard devices for tests, after the specification and not after the decoders. Bytes only, little-endian. */

export const u16 = (n: number): number[] => [n & 0xff, (n >> 8) & 0xff];
export const u24 = (n: number): number[] => [...u16(n), (n >> 16) & 0xff];

/** mantissa × 10^exponent; -2048 < mantissa < 2046 and -8 <= exponent <= 7, so that no special word comes out. */
export const sfloat = (mantissa: number, exponent = 0): number[] => u16(((exponent & 0xf) << 12) | (mantissa & 0xfff));
export const float = (mantissa: number, exponent = 0): number[] => [...u24(mantissa & 0xff_ffff), exponent & 0xff];

export const dateTime = (time: string): number[] => {
  const [year, ...rest] = time.split(/[-T:]/).map(Number) as [number, ...number[]];
  return [...u16(year), ...rest];
};

const flagsOf = (...fields: unknown[]): number =>
  fields.reduce<number>((flags, field, n) => (field === undefined || field === false ? flags : flags | (1 << n)), 0);

const some = <T>(field: T | undefined, write: (field: T) => number[]): number[] =>
  field === undefined ? [] : write(field);

type Sample = { type: number; location: number };

export type GlucoseFields = {
  sequence: number;
  baseTime: string;
  offset?: number;
  /** mg/dL × 10^-5 kg/L, or steps of 0.1 mmol/L. */
  amount?: { mantissa: number; unit: 'kg/L' | 'mol/L' } & Sample;
  status?: number;
  contextFollows?: boolean;
};

export const glucoseFrame = (f: GlucoseFields): Buffer =>
  Buffer.from([
    flagsOf(f.offset, f.amount, f.amount?.unit === 'mol/L', f.status, f.contextFollows),
    ...u16(f.sequence),
    ...dateTime(f.baseTime),
    ...some(f.offset, u16),
    ...some(f.amount, (a) => [...sfloat(a.mantissa, a.unit === 'kg/L' ? -5 : -4), a.type | (a.location << 4)]),
    ...some(f.status, u16),
  ]);

export type ContextFields = {
  sequence: number;
  carbohydrate?: { kind: number; grams: number };
  meal?: number;
  who?: { tester: number; health: number };
  exercise?: { seconds: number; intensity: number };
  medication?: { kind: number; milli: number; unit: 'kg' | 'L' };
  hba1cTenths?: number;
};

export const contextFrame = (f: ContextFields): Buffer =>
  Buffer.from([
    flagsOf(f.carbohydrate, f.meal, f.who, f.exercise, f.medication, f.medication?.unit === 'L', f.hba1cTenths),
    ...u16(f.sequence),
    ...some(f.carbohydrate, (c) => [c.kind, ...sfloat(c.grams, -3)]),
    ...some(f.meal, (meal) => [meal]),
    ...some(f.who, (w) => [w.tester | (w.health << 4)]),
    ...some(f.exercise, (e) => [...u16(e.seconds), e.intensity]),
    ...some(f.medication, (m) => [m.kind, ...sfloat(m.milli, -3)]),
    ...some(f.hba1cTenths, (h) => sfloat(h, -1)),
  ]);

/** Bit by bit, as the polynomial is written down: x^16 + x^12 + x^5 + 1, least bit first. */
export function crcOf(bytes: readonly number[]): number[] {
  let crc = 0xffff;
  for (const byte of bytes)
    for (let n = 0; n < 8; n++) {
      const top = ((crc ^ (byte >> n)) & 1) === 1;
      crc >>= 1;
      if (top) crc ^= 0x8408;
    }
  return u16(crc);
}

export type CgmFields = {
  mantissa: number;
  exponent: number;
  offset: number;
  status?: number;
  calibration?: number;
  warning?: number;
  trend?: number;
  quality?: number;
  crc: boolean;
};

export function cgmRecord(f: CgmFields): number[] {
  const body = [
    ...sfloat(f.mantissa, f.exponent),
    ...u16(f.offset),
    ...some(f.status, (octet) => [octet]),
    ...some(f.calibration, (octet) => [octet]),
    ...some(f.warning, (octet) => [octet]),
    ...some(f.trend, (trend) => sfloat(trend, -1)),
    ...some(f.quality, (quality) => sfloat(quality, -1)),
  ];
  const flags =
    flagsOf(f.trend, f.quality) |
    (f.warning === undefined ? 0 : 0x20) |
    (f.calibration === undefined ? 0 : 0x40) |
    (f.status === undefined ? 0 : 0x80);
  const whole = [2 + body.length + (f.crc ? 2 : 0), flags, ...body];
  return f.crc ? [...whole, ...crcOf(whole)] : whole;
}

export const sessionStart = (time: string, zoneMinutes: number): Buffer =>
  Buffer.from([...dateTime(time), (zoneMinutes / 15) & 0xff, 0]);

export type SpotFields = {
  saturation: number;
  pulse: number;
  time?: string;
  measurementStatus?: number;
  deviceStatus?: number;
  amplitudeTenths?: number;
  clockNotSet?: boolean;
};

export const spotCheckFrame = (f: SpotFields): Buffer =>
  Buffer.from([
    flagsOf(f.time, f.measurementStatus, f.deviceStatus, f.amplitudeTenths, f.clockNotSet),
    ...sfloat(f.saturation),
    ...sfloat(f.pulse),
    ...some(f.time, dateTime),
    ...some(f.measurementStatus, u16),
    ...some(f.deviceStatus, u24),
    ...some(f.amplitudeTenths, (a) => sfloat(a, -1)),
  ]);

export const continuousFrame = (saturation: number, pulse: number, measurementStatus?: number, deviceStatus?: number) =>
  Buffer.from([
    flagsOf(undefined, undefined, measurementStatus, deviceStatus),
    ...sfloat(saturation),
    ...sfloat(pulse),
    ...some(measurementStatus, u16),
    ...some(deviceStatus, u24),
  ]);

export type WeightFields = {
  imperial: boolean;
  steps: number;
  time?: string;
  user?: number;
  body?: { bmi: number; height: number };
};

export const weightFrame = (f: WeightFields): Buffer =>
  Buffer.from([
    flagsOf(f.imperial, f.time, f.user, f.body),
    ...u16(f.steps),
    ...some(f.time, dateTime),
    ...some(f.user, (user) => [user]),
    ...some(f.body, (b) => [...u16(b.bmi), ...u16(b.height)]),
  ]);

/** In the order of the flag bits 3 to 11, the steps of each field that is there. */
export type CompositionFields = {
  fat: number;
  time?: string;
  user?: number;
  fields: readonly (number | undefined)[];
  oneOfTwo?: boolean;
};

export const compositionFrame = (f: CompositionFields): Buffer =>
  Buffer.from([
    ...u16(flagsOf(undefined, f.time, f.user, ...f.fields) | (f.oneOfTwo ? 0x1000 : 0)),
    ...u16(f.fat),
    ...some(f.time, dateTime),
    ...some(f.user, (user) => [user]),
    ...f.fields.flatMap((field) => some(field, u16)),
  ]);

export const temperatureFrame = (f: {
  fahrenheit: boolean;
  mantissa: number;
  exponent: number;
  time?: string;
  type?: number;
}): Buffer =>
  Buffer.from([
    flagsOf(f.fahrenheit, f.time, f.type),
    ...float(f.mantissa, f.exponent),
    ...some(f.time, dateTime),
    ...some(f.type, (type) => [type]),
  ]);

export const heartRateFrame = (f: {
  perMinute: number;
  wide: boolean;
  contact?: boolean;
  energy?: number;
  intervals?: readonly number[];
}): Buffer =>
  Buffer.from([
    (f.wide ? 1 : 0) | (f.contact === undefined ? 0 : f.contact ? 6 : 4) | (flagsOf(f.energy, f.intervals) << 3),
    ...(f.wide ? u16(f.perMinute) : [f.perMinute]),
    ...some(f.energy, u16),
    ...some(f.intervals, (all) => all.flatMap(u16)),
  ]);
