import { readFrame } from './frame.ts';
import type { Consent, Said } from './profile.ts';

/**
 * User Control Point 0x2A9F of the User Data service 0x181C: scales with several users speak only after one of them has consented. As a pure
 * dialogue: write what the step says (with response), and feed what is indicated, or `late` after `waitMs`.
 * Source: Bluetooth SIG GATT Specification Supplement; KristianP26/ble-scale-sync.
 */
export const userDataUuids = { service: 0x181c, userControlPoint: 0x2a9f } as const;

/** Beurer: first the clock, then the consent. */
export const userControlPoint: Consent = {
  service: userDataUuids.service,
  characteristic: userDataUuids.userControlPoint,
  name: 'User Control Point',
  clockFirst: true,
};

const op = { register: 1, consent: 2, response: 0x20 } as const;

/** @param pin 0 to 9999, which its user chose or reads on the scale. */
export type User = { index: number; pin: number };

/** A user of the scale that exists is let in; one that does not is made, and the scale says which it is. */
export const encodeConsent = ({ index, pin }: User): Uint8Array =>
  Uint8Array.of(op.consent, index, pin & 0xff, pin >> 8);
export const encodeRegister = (pin: number): Uint8Array => Uint8Array.of(op.register, pin & 0xff, pin >> 8);

export const consentResults = {
  1: 'success',
  2: 'op-code-not-supported',
  3: 'invalid-parameter',
  4: 'operation-failed',
  5: 'not-authorised',
} as const;
export type ConsentResult = (typeof consentResults)[keyof typeof consentResults];

export type ConsentAnswer = { to: 'register' | 'consent'; result: ConsentResult; index?: number };

/** 20, the op code it answers, the result; after a registration the user's index. */
export function decodeConsentAnswer(bytes: Uint8Array): Said<ConsentAnswer> {
  const frame = readFrame(bytes);
  const [opCode, request, word] = [frame.u8(), frame.u8(), frame.u8()];
  const result = (consentResults as Record<number, ConsentResult>)[word];
  const index = request === op.register && result === 'success' ? frame.u8() : undefined;
  const fault = frame.fault();
  if (fault) return { fault };
  const to = request === op.register ? 'register' : request === op.consent ? 'consent' : undefined;
  if (opCode !== op.response || !to || !result) return { fault: 'reserved-value' };
  return { said: { to, result, ...(index === undefined ? {} : { index }) } };
}

/** An answer of the control point; the profile gives it this long. */
export const consentWaitMs = 30_000;

export type ConsentState = { phase: 'registering' | 'consenting' | 'over'; pin: number; index?: number };
export type ConsentStep = {
  state: ConsentState;
  write?: Uint8Array;
  waitMs?: number;
  /** Let in, as whom; or not, and why. */
  outcome?: { user: User } | { refused: ConsentResult | 'late' };
};

/** @param index of the user on the scale; without, one is made and then consents. */
export function beginConsent({ index, pin }: { index?: number; pin: number }): ConsentStep {
  return index === undefined
    ? { state: { phase: 'registering', pin }, write: encodeRegister(pin), waitMs: consentWaitMs }
    : { state: { phase: 'consenting', pin, index }, write: encodeConsent({ index, pin }), waitMs: consentWaitMs };
}

export function nextConsent(state: ConsentState, happening: { bytes: Uint8Array } | 'late'): ConsentStep {
  const { phase, pin } = state;
  if (phase === 'over') return { state };
  const over = (outcome: ConsentStep['outcome']): ConsentStep => ({ state: { ...state, phase: 'over' }, outcome });
  if (happening === 'late') return over({ refused: 'late' });
  const answer = decodeConsentAnswer(happening.bytes);
  const mine = phase === 'registering' ? 'register' : 'consent';
  if ('fault' in answer || answer.said.to !== mine) return { state, waitMs: consentWaitMs };
  const { result, index = state.index } = answer.said;
  if (result !== 'success' || index === undefined) return over({ refused: result });
  return phase === 'registering' ? beginConsent({ index, pin }) : over({ user: { index, pin } });
}
