import { checked } from './cgm-records.ts';
import type { Decimal, Special } from './ieee11073.ts';
import type { Said } from './profile.ts';

/**
 * What a sensor answers at its CGM Specific Ops Control Point 0x2AAC for its interval, its calibrations and the
 * levels at which it alerts. We ask for the interval, and change nothing in a sensor.
 * Source: Bluetooth SIG GATT Specification Supplement.
 */
export type CgmAnswer =
  | { is: 'interval'; minutes: number }
  | {
      is: 'calibration';
      glucose: Decimal | Special;
      atMinutes: number;
      type: number;
      location: number;
      nextMinutes: number;
      record: number;
      status: number;
    }
  | { is: 'level'; of: Level; value: Decimal | Special }
  | { is: 'response'; to: number; response: CgmResponse };

export type Level = (typeof levels)[keyof typeof levels];
const levels = {
  9: 'patientHigh',
  12: 'patientLow',
  15: 'hypo',
  18: 'hyper',
  21: 'rateOfDecrease',
  24: 'rateOfIncrease',
} as const;

export type CgmResponse = (typeof responses)[keyof typeof responses];
const responses = {
  1: 'success',
  2: 'op-code-not-supported',
  3: 'invalid-operand',
  4: 'not-completed',
  5: 'out-of-range',
} as const;

/** Every answer may carry the check. */
export function decodeCgmAnswer(bytes: Uint8Array): Said<CgmAnswer> {
  switch (bytes[0]) {
    case 3:
      return checked<CgmAnswer>(bytes, 2, (frame) => {
        frame.u8();
        return { said: { is: 'interval', minutes: frame.u8() } };
      });
    case 6:
      return checked<CgmAnswer>(bytes, 11, (frame) => {
        frame.u8();
        const [glucose, atMinutes, sample] = [frame.sfloat(), frame.u16(), frame.u8()];
        const [nextMinutes, record, status] = [frame.u16(), frame.u16(), frame.u8()];
        const [type, location] = [sample & 0xf, sample >> 4];
        return { said: { is: 'calibration', glucose, atMinutes, type, location, nextMinutes, record, status } };
      });
    case 28:
      return checked<CgmAnswer>(bytes, 3, (frame) => {
        frame.u8();
        const to = frame.u8();
        const response = (responses as Record<number, CgmResponse>)[frame.u8()];
        return response ? { said: { is: 'response', to, response } } : { fault: 'reserved-value' };
      });
    default: {
      const of = (levels as Record<number, Level>)[bytes[0] ?? 0];
      if (!of) return { fault: bytes.length === 0 ? 'bytes-missing' : 'reserved-value' };
      return checked<CgmAnswer>(bytes, 3, (frame) => {
        frame.u8();
        return { said: { is: 'level', of, value: frame.sfloat() } };
      });
    }
  }
}

/** Asks for the minutes between two records: what racp.ts takes for `spacing`. */
export const encodeGetInterval = (): Uint8Array => Uint8Array.of(2);
