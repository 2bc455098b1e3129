import { encodeDateTime, u8, u16 } from './fields.ts';

/**
 * Encodes Weight Measurement 0x2A9D and Body Composition Measurement 0x2A9C. Layout after the Bluetooth SIG GATT Specification
 * Supplement. Masses in steps of 0.005 kg or 0.01 lb, heights of 1 mm or 0.1 in.
 */
export type WeightFrame = {
  imperial?: boolean;
  /** Absent: the scale could not measure, which travels as 0xFFFF. */
  kg?: number;
  deviceTime?: string;
  /** 0 to 254; 255 means unknown. */
  userSlot?: number;
  /** Both or neither. */
  bmi?: number;
  heightCm?: number;
};

export type BodyCompositionFrame = {
  imperial?: boolean;
  /** Absent: the scale could not measure, which travels as 0xFFFF. */
  fatPercent?: number;
  deviceTime?: string;
  userSlot?: number;
  basalMetabolismKj?: number;
  musclePercent?: number;
  muscleKg?: number;
  fatFreeKg?: number;
  softLeanKg?: number;
  waterKg?: number;
  impedanceOhm?: number;
  weightKg?: number;
  heightCm?: number;
};

/** 1 lb = 0.45359237 kg and 1 in = 2.54 cm by definition (international yard and pound, 1959). */
const kgPerLb = 0.45359237;
const cmPerInch = 2.54;
const unsuccessful = 0xffff;
/** What the smallest link carries: 23 bytes with 3 of ATT. */
const payload = 20;

export function encodeWeight({ imperial = false, kg, deviceTime, userSlot, bmi, heightCm }: WeightFrame): Buffer {
  const tellsHeight = bmi !== undefined && heightCm !== undefined;
  const flags =
    (imperial ? 1 : 0) |
    (deviceTime === undefined ? 0 : 1 << 1) |
    (userSlot === undefined ? 0 : 1 << 2) |
    (tellsHeight ? 1 << 3 : 0);
  return Buffer.concat([
    u8(flags),
    kg === undefined ? u16(unsuccessful) : mass(kg, imperial),
    deviceTime === undefined ? nothing : encodeDateTime(deviceTime),
    userSlot === undefined ? nothing : u8(userSlot),
    tellsHeight ? Buffer.concat([tenths(bmi), height(heightCm, imperial)]) : nothing,
  ]);
}

/** One frame, or two where it does not fit the smallest link; then both say so, and the second leaves the fat open. */
export function encodeBodyComposition(frame: BodyCompositionFrame): Buffer[] {
  const { imperial = false, fatPercent, deviceTime, userSlot } = frame;
  const head = [
    deviceTime === undefined ? undefined : { bit: 1, bytes: encodeDateTime(deviceTime) },
    userSlot === undefined ? undefined : { bit: 2, bytes: u8(userSlot) },
  ].filter((field) => field !== undefined);
  const body = bodyFields(frame, imperial);
  const whole = packet(imperial, fatPercent, [...head, ...body], false);
  if (whole.length <= payload) return [whole];
  const roomFor = Math.floor((payload - packet(imperial, fatPercent, head, true).length) / 2);
  return [
    packet(imperial, fatPercent, [...head, ...body.slice(0, roomFor)], true),
    packet(imperial, undefined, body.slice(roomFor), true),
  ];
}

/** Zeros, as Beurer scales send while the current through the body is still measured (KristianP26/ble-scale-sync issue 229). */
export const stubComposition = (): Buffer =>
  packet(
    false,
    0,
    [3, 4, 7, 8, 9].map((bit) => ({ bit, bytes: u16(0) })),
    false,
  );

type Field = { bit: number; bytes: Buffer };

function bodyFields(frame: BodyCompositionFrame, imperial: boolean): Field[] {
  const of = (bit: number, value: number | undefined, encode: (value: number) => Buffer): Field[] =>
    value === undefined ? [] : [{ bit, bytes: encode(value) }];
  const inMass = (kg: number) => mass(kg, imperial);
  return [
    ...of(3, frame.basalMetabolismKj, u16),
    ...of(4, frame.musclePercent, tenths),
    ...of(5, frame.muscleKg, inMass),
    ...of(6, frame.fatFreeKg, inMass),
    ...of(7, frame.softLeanKg, inMass),
    ...of(8, frame.waterKg, inMass),
    ...of(9, frame.impedanceOhm, tenths),
    ...of(10, frame.weightKg, inMass),
    ...of(11, frame.heightCm, (cm) => height(cm, imperial)),
  ];
}

const oneOfTwoBit = 12;

function packet(imperial: boolean, fat: number | undefined, fields: readonly Field[], oneOfTwo: boolean): Buffer {
  const bits = [...fields.map(({ bit }) => bit), ...(imperial ? [0] : []), ...(oneOfTwo ? [oneOfTwoBit] : [])];
  const flags = bits.reduce((all, bit) => all | (1 << bit), 0);
  const head = [u16(flags), fat === undefined ? u16(unsuccessful) : tenths(fat)];
  return Buffer.concat([...head, ...fields.map(({ bytes }) => bytes)]);
}

const nothing = Buffer.alloc(0);
const steps = (value: number, step: number) => u16(Math.round(value / step));
const tenths = (value: number) => steps(value, 0.1);
const mass = (kg: number, imperial: boolean) => (imperial ? steps(kg / kgPerLb, 0.01) : steps(kg, 0.005));
const height = (cm: number, imperial: boolean) => (imperial ? steps(cm / cmPerInch, 0.1) : steps(cm, 0.1));
