import { currentTimeClock } from './current-time.ts';
import { type DeviceTime, readDateTime } from './device-time.ts';
import { readFrame } from './frame.ts';
import type { Decimal } from './ieee11073.ts';
import type { Profile, Said, Told } from './profile.ts';
import { heightCm, massKg, tenths, unknownUser, unsuccessful } from './scale-units.ts';
import { userControlPoint } from './user-control-point.ts';
import { bit, quantity } from './values.ts';
import { weightScaleExamples } from './weight-scale.examples.ts';

/** Assigned numbers. */
export const weightScaleUuids = { service: 0x181d, measurement: 0x2a9d, feature: 0x2a9e } as const;
const uuids = weightScaleUuids;

/**
 * Weight Scale Profile: Weight Measurement 0x2A9D, indicated. Source: Bluetooth SIG GATT Specification Supplement; captures as named beside them.
 */
export const weightScale: Profile = {
  name: 'weight-scale',
  title: 'Weight Scale',
  service: uuids.service,
  measurements: [
    { characteristic: uuids.measurement, name: 'Weight Measurement', decode: (bytes) => told(decodeWeight(bytes)) },
  ],
  reads: [
    { characteristic: uuids.feature, name: 'Weight Scale Feature', decode: decodeWeightScaleFeature, kept: false },
  ],
  clocks: [currentTimeClock],
  consent: userControlPoint,
  quirks: [],
  devices: [
    {
      name: 'Beurer BF600, BF720, BF105, BF500, BF788, BF950',
      says: 'bond, set its clock, then consent with the user and PIN of the scale; only then it speaks',
      source: 'KristianP26/ble-scale-sync, oliexdev/openScale',
    },
  ],
  examples: weightScaleExamples,
};

export type WeightFrame = {
  /** Undefined: the scale could not measure. */
  kg: Decimal | undefined;
  deviceTime?: DeviceTime;
  userSlot?: number;
  bmi?: Decimal;
  heightCm?: Decimal;
};

export function decodeWeight(bytes: Uint8Array): Said<WeightFrame> {
  const frame = readFrame(bytes);
  const flags = frame.u8();
  const has = (n: number) => bit(flags, n);
  const weight = frame.u16();
  const deviceTime = has(1) ? readDateTime(frame) : undefined;
  const user = has(2) ? frame.u8() : unknownUser;
  const [bmi, height] = has(3) ? [frame.u16(), frame.u16()] : [0, 0];
  const fault = frame.fault();
  if (fault) return { fault };
  if (has(1) && deviceTime === undefined) return { fault: 'impossible-time' };
  return {
    said: {
      kg: weight === unsuccessful ? undefined : massKg(weight, has(0)),
      ...(deviceTime === undefined ? {} : { deviceTime }),
      ...(user === unknownUser ? {} : { userSlot: user }),
      // 0 where nobody has told the scale how tall they are
      ...(bmi === 0 || bmi === unsuccessful ? {} : { bmi: tenths(bmi) }),
      ...(height === 0 || height === unsuccessful ? {} : { heightCm: heightCm(height, has(0)) }),
    },
  };
}

function told(decoded: Said<WeightFrame>): Told {
  if ('fault' in decoded) return decoded;
  const { kg, bmi, heightCm: cm, deviceTime, userSlot } = decoded.said;
  if (!kg) return { fault: 'no-value' };
  return {
    measured: {
      panel: 'body-weight',
      values: [
        quantity('body-weight', kg),
        ...(bmi ? [quantity('body-mass-index', bmi)] : []),
        ...(cm ? [quantity('body-height', cm)] : []),
      ],
      marks: [],
      ...(deviceTime === undefined ? {} : { deviceTime }),
      ...(userSlot === undefined ? {} : { userSlot }),
    },
  };
}

/** 0x2A9E: what the scale can tell; resolutions as the codes of the profile, 0 unknown. */
export type WeightScaleFeature = {
  time: boolean;
  multipleUsers: boolean;
  bmi: boolean;
  weightResolution: number;
  heightResolution: number;
};

export function decodeWeightScaleFeature(bytes: Uint8Array): Said<WeightScaleFeature> {
  const frame = readFrame(bytes);
  const field = frame.u32();
  const fault = frame.fault();
  if (fault) return { fault };
  return {
    said: {
      time: bit(field, 0),
      multipleUsers: bit(field, 1),
      bmi: bit(field, 2),
      weightResolution: (field >>> 3) & 0xf,
      heightResolution: (field >>> 7) & 0x7,
    },
  };
}
