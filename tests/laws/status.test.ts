import { expect, it } from 'vitest';
import { StatusMessage } from '#domain/downward.ts';
import { instant } from '#runtime/clock.ts';
import { brokerLimits } from '../../broker/broker.ts';

/** In JSON a control character takes six bytes, more than any other. */
const widest = (length: number) => '\u0001'.repeat(length);

it('the biggest status that its schema admits is one that the broker takes', () => {
  const at = instant(Date.UTC(2026, 0, 1));
  const number = Number.MIN_SAFE_INTEGER;
  const status: Required<StatusMessage> = {
    v: 1,
    state: 'offline',
    at,
    software: widest(64),
    waiting: Number.MAX_SAFE_INTEGER,
    outbox: {
      oldestAt: at,
      bytes: Number.MAX_SAFE_INTEGER,
      mostBytes: Number.MAX_SAFE_INTEGER,
      aside: Number.MAX_SAFE_INTEGER,
      lost: Number.MAX_SAFE_INTEGER,
    },
    radio: { state: 'degraded', detail: widest(128) },
    certificate: { notAfter: at, trouble: 'x'.repeat(32) },
    clockOffsetMs: number,
    freeBytes: Number.MAX_SAFE_INTEGER,
    devices: Array.from({ length: 64 }, () => ({
      device: 'A'.repeat(64),
      model: widest(64),
      heardAt: at,
      battery: 100,
      rssi: -127,
      clockOffsetMs: number,
      trouble: 'x'.repeat(32),
    })),
  };
  expect(StatusMessage.parse(status)).toEqual(status);
  expect(Buffer.byteLength(JSON.stringify(status))).toBeLessThanOrEqual(brokerLimits.statusBytes);
});
