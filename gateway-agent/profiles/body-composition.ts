import { bodyCompositionExamples } from './body-composition.examples.ts';
import { currentTimeClock } from './current-time.ts';
import { type DeviceTime, readDateTime } from './device-time.ts';
import { readFrame } from './frame.ts';
import { type Decimal, toNumber } from './ieee11073.ts';
import type { FrameHeard, Profile, Said, Telling, Told } from './profile.ts';
import { heightCm, massKg, tenths, unknownUser, unsuccessful } from './scale-units.ts';
import { userControlPoint } from './user-control-point.ts';
import { bit, quantity } from './values.ts';

/** Assigned numbers. */
export const bodyCompositionUuids = { service: 0x181b, measurement: 0x2a9c, feature: 0x2a9b } as const;
const uuids = bodyCompositionUuids;

/**
 * Body Composition Profile: Body Composition Measurement 0x2A9C, indicated; where it does not fit the link, in two frames that both say so.
 * Source: Bluetooth SIG GATT Specification Supplement; captures as named beside them.
 */
export const bodyComposition: Profile = {
  name: 'body-composition',
  title: 'Body Composition',
  service: uuids.service,
  measurements: [{ characteristic: uuids.measurement, name: 'Body Composition Measurement', decode: decodeAlone }],
  reads: [],
  clocks: [currentTimeClock],
  consent: userControlPoint,
  gather,
  quirks: [],
  devices: [
    {
      name: 'Beurer BF720, BF105, BF500, BF788, BF950',
      says: 'sends a frame of zeros while it still measures, which is refused; wants consent like the scale it is',
      source: 'KristianP26/ble-scale-sync issue 229, oliexdev/openScale',
    },
  ],
  examples: bodyCompositionExamples,
};

/** Percent, kg, cm, kJ and ohm, each where the scale sent it. */
export type BodyCompositionFrame = {
  /** Undefined: the scale could not measure. */
  fatPercent: Decimal | undefined;
  deviceTime?: DeviceTime;
  userSlot?: number;
  basalMetabolismKj?: number;
  musclePercent?: Decimal;
  muscleKg?: Decimal;
  fatFreeKg?: Decimal;
  softLeanKg?: Decimal;
  waterKg?: Decimal;
  impedanceOhm?: Decimal;
  weightKg?: Decimal;
  heightCm?: Decimal;
  /** One of two frames. */
  oneOfTwo: boolean;
};

export function decodeBodyComposition(bytes: Uint8Array): Said<BodyCompositionFrame> {
  const frame = readFrame(bytes);
  const flags = frame.u16();
  const has = (n: number) => bit(flags, n);
  const mass = (steps: number) => massKg(steps, has(0));
  const said = <K extends string, T>(name: K, steps: number, read: (steps: number) => T) =>
    steps === unsuccessful ? {} : ({ [name]: read(steps) } as { [key in K]: T });
  const optional = <K extends string, T>(n: number, name: K, read: (steps: number) => T) =>
    has(n) ? said(name, frame.u16(), read) : {};

  const fat = frame.u16();
  const deviceTime = has(1) ? readDateTime(frame) : undefined;
  const user = has(2) ? frame.u8() : unknownUser;
  const rest = {
    ...optional(3, 'basalMetabolismKj', (steps) => steps),
    ...optional(4, 'musclePercent', tenths),
    ...optional(5, 'muscleKg', mass),
    ...optional(6, 'fatFreeKg', mass),
    ...optional(7, 'softLeanKg', mass),
    ...optional(8, 'waterKg', mass),
    ...optional(9, 'impedanceOhm', tenths),
    ...optional(10, 'weightKg', mass),
    ...optional(11, 'heightCm', (steps) => heightCm(steps, has(0))),
  };
  const fault = frame.fault();
  if (fault) return { fault };
  if (has(1) && deviceTime === undefined) return { fault: 'impossible-time' };
  return {
    said: {
      fatPercent: fat === unsuccessful ? undefined : tenths(fat),
      ...(deviceTime === undefined ? {} : { deviceTime }),
      ...(user === unknownUser ? {} : { userSlot: user }),
      ...rest,
      oneOfTwo: has(12),
    },
  };
}

function decodeAlone(bytes: Uint8Array): Told | { part: string } {
  const decoded = decodeBodyComposition(bytes);
  if ('fault' in decoded) return decoded;
  return decoded.said.oneOfTwo ? { part: 'one of two frames' } : told(decoded.said);
}

/** Nobody has no fat: Beurer scales send zeros until the current through the body is measured. */
function told(frame: BodyCompositionFrame): Told {
  const { fatPercent, fatFreeKg, muscleKg, weightKg, heightCm: cm, deviceTime, userSlot } = frame;
  if (!fatPercent) return { fault: 'no-value' };
  if (fatPercent.mantissa === 0) return { fault: 'unfinished' };
  const some = (vital: Parameters<typeof quantity>[0], number: Decimal | undefined) =>
    number === undefined || toNumber(number) === 0 ? [] : [quantity(vital, number)];
  return {
    measured: {
      panel: 'body-composition',
      values: [
        quantity('body-fat', fatPercent),
        ...some('fat-free-mass', fatFreeKg),
        ...some('muscle-mass', muscleKg),
        ...some('body-weight', weightKg),
        ...some('body-height', cm),
      ],
      marks: [],
      ...(deviceTime === undefined ? {} : { deviceTime }),
      ...(userSlot === undefined ? {} : { userSlot }),
    },
  };
}

/**
 * Two frames that follow each other are one measurement, if what both say agrees. A frame whose confirmation got lost comes again as it was: the
 * first is no second, and the second no first.
 */
function gather(frames: readonly FrameHeard[], over: boolean): Telling[] {
  const tellings: Telling[] = [];
  let first: { of: number[]; hex: string; said: BodyCompositionFrame } | undefined;
  let second: { hex: string; told: Told } | undefined;
  const leave = () => {
    if (first) tellings.push({ of: first.of, told: { fault: 'alone' } });
    first = undefined;
  };
  for (const [index, { characteristic, bytes }] of frames.entries()) {
    if (characteristic !== uuids.measurement) continue;
    const decoded = decodeBodyComposition(bytes);
    const hex = Buffer.from(bytes).toString('hex');
    if ('fault' in decoded) tellings.push({ of: [index], told: decoded });
    else if (!decoded.said.oneOfTwo) {
      leave();
      tellings.push({ of: [index], told: told(decoded.said) });
    } else if (first?.hex === hex) first.of.push(index);
    else if (!first && second?.hex === hex) tellings.push({ of: [index], told: second.told });
    else if (!first) first = { of: [index], hex, said: decoded.said };
    else {
      const both = joined(first.said, decoded.said);
      second = { hex, told: both ? told(both) : { fault: 'disagree' } };
      tellings.push({ of: [...first.of, index], told: second.told });
      first = undefined;
    }
  }
  if (over) leave();
  return tellings;
}

/** Undefined when both say something about the same thing, and not the same. The second frame may leave the fat open. */
function joined(first: BodyCompositionFrame, second: BodyCompositionFrame): BodyCompositionFrame | undefined {
  const { fatPercent, ...rest } = second;
  const added = Object.entries(rest).filter(([, value]) => value !== undefined);
  const against = added.some(([name, value]) => {
    const before = first[name as keyof BodyCompositionFrame];
    return before !== undefined && JSON.stringify(before) !== JSON.stringify(value);
  });
  const fatAgainst = fatPercent && first.fatPercent && fatPercent.mantissa !== first.fatPercent.mantissa;
  if (against || fatAgainst) return undefined;
  return { ...first, ...Object.fromEntries(added), fatPercent: first.fatPercent ?? fatPercent, oneOfTwo: true };
}
