import { readFrame } from './frame.ts';
import type { Said } from './profile.ts';

/**
 * The words of the Record Access Control Point 0x2A52, which glucose meters, CGM sensors and enhanced cuffs share. Deleting records
 * (op code 2) is left out: nothing of ours ever takes a record out of a device.
 * Source: Bluetooth SIG GATT Specification Supplement; answers of a real meter in Stack Overflow 25165857.
 */
export const recordAccessUuid = 0x2a52;

const op = { report: 1, abort: 3, count: 4, countIs: 5, response: 6 } as const;
const operator = { none: 0, all: 1, from: 3, last: 6 } as const;
/** Filter type 1: the sequence number, or with CGM the time offset. Both u16. */
const byNumber = 1;

/** Which records: all, the one that was made last, or those numbered `from` and above. */
export type Which = 'all' | 'last' | { from: number };

export const encodeReport = (which: Which): Uint8Array => Uint8Array.of(op.report, ...whichBytes(which));
export const encodeCount = (which: Which): Uint8Array => Uint8Array.of(op.count, ...whichBytes(which));
export const encodeAbort = (): Uint8Array => Uint8Array.of(op.abort, operator.none);

/** Not a byte more than the operator takes: a meter answers `invalid operand` to 04 01 00. */
function whichBytes(which: Which): number[] {
  if (which === 'all' || which === 'last') return [operator[which]];
  return [operator.from, byNumber, which.from & 0xff, which.from >> 8];
}

export const responses = {
  1: 'success',
  2: 'op-code-not-supported',
  3: 'invalid-operator',
  4: 'operator-not-supported',
  5: 'invalid-operand',
  6: 'no-records',
  7: 'abort-unsuccessful',
  8: 'not-completed',
  9: 'operand-not-supported',
  10: 'server-busy',
} as const;
export type Response = (typeof responses)[keyof typeof responses];

export type Answer =
  | { is: 'count'; count: number }
  | { is: 'response'; to: 'report' | 'delete' | 'abort' | 'count'; response: Response };

const requests: Record<number, (Answer & { is: 'response' })['to']> = {
  1: 'report',
  2: 'delete',
  3: 'abort',
  4: 'count',
};

/** What the device indicates. The count is u16, in some u32. */
export function decodeAnswer(bytes: Uint8Array): Said<Answer> {
  const frame = readFrame(bytes);
  const [opCode, none] = [frame.u8(), frame.u8()];
  const wide = opCode === op.countIs && bytes.length === 6;
  const [first, second] = opCode === op.response ? [frame.u8(), frame.u8()] : [wide ? frame.u32() : frame.u16(), 0];
  const fault = frame.fault();
  if (fault) return { fault };
  if (none !== operator.none) return { fault: 'reserved-value' };
  if (opCode === op.countIs) return { said: { is: 'count', count: first } };
  const to = requests[first];
  const response = (responses as Record<number, Response>)[second];
  if (opCode !== op.response || !to || !response) return { fault: 'reserved-value' };
  return { said: { is: 'response', to, response } };
}
