import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFrames, type FrameFault } from '../../broker/guard.ts';
import { connectPacket, pingPacket, publishPacket } from '../support/mqtt-packets.ts';

const limits = { firstPacketBytes: 4 * 1024, packetBytes: 64 * 1024 };
const connect = connectPacket({ clientId: 'home-1', username: 'home-1', password: 'x'.repeat(43) });

const laterPacket = fc.oneof(
  fc.constant(pingPacket()),
  fc
    .integer({ min: 0, max: 60_000 })
    .map((bytes) => publishPacket({ topic: 't', payload: 'x'.repeat(bytes), qos: 1, id: 1 })),
);

test('a stream of packets within the limits is no fault, however the network cuts it', () => {
  fc.assert(
    fc.property(
      fc.array(laterPacket, { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 20 }),
      (packets, cuts) => {
        expect(feed(Buffer.concat([connect, ...packets]), cuts)).toBeUndefined();
      },
    ),
  );
});

test('a packet over its limit is a fault as soon as its length is read, however the network cuts it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: limits.packetBytes + 1, max: 128 ** 4 - 1 }),
      fc.integer({ min: 1, max: 100 }),
      (length, cut) => {
        const announced = Buffer.concat([connect, Buffer.of(0x30), digitsOf(length)]);
        expect(feed(announced, [cut])).toBe('too-long');
        expect(feed(announced.subarray(0, -1), [cut])).toBeUndefined();
      },
    ),
  );
});

test('the first packet has a smaller limit and must be a CONNECT', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 128 ** 4 - 1 }), (head, length) => {
      const expected: FrameFault | undefined =
        head >> 4 !== 1 ? 'not-a-connect' : length > limits.firstPacketBytes ? 'too-long' : undefined;
      expect(feed(Buffer.concat([Buffer.of(head), digitsOf(length)]), [1])).toBe(expected);
    }),
  );
});

/** The first fault of `bytes`, cut into chunks of these sizes in turn. */
function feed(bytes: Buffer, cuts: number[]): FrameFault | undefined {
  const follow = createFrames(limits);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = cuts[turn % cuts.length]!;
    const fault = follow(bytes.subarray(at, at + size));
    if (fault) return fault;
    at += size;
  }
  return undefined;
}

/** MQTT 3.1.1, section 2.2.3. */
function digitsOf(length: number): Buffer {
  const digits: number[] = [];
  let rest = length;
  do {
    digits.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(digits);
}
