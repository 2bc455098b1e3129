import type { Socket } from 'node:net';
import type { Clock } from '#runtime/clock.ts';
import type { Rate } from './pace.ts';

export type FrameLimits = {
  /** Of the first packet, which must be a CONNECT. */
  firstPacketBytes: number;
  /** Of any later packet. */
  packetBytes: number;
};
export type GuardLimits = FrameLimits & {
  /** Of packets that are no PUBLISH; those are slowed down further in. */
  controls: Rate;
};

/** What a connection did that no MQTT client does. */
export type FrameFault = 'not-a-connect' | 'too-long' | 'bad-length' | 'too-many';

/**
 * Follows the framing of an MQTT connection (MQTT 3.1.1, sections 2.2 and 3.1) without keeping a byte of it, and calls back
 * at the first packet that announces more than it may hold, or comes too fast behind too many others. The broker's parser
 * has no limit of its own: it would gather whatever a packet announces, up to 256 MiB, from anybody who can open a connection.
 */
export function guardFrames(
  clock: Clock,
  socket: Socket,
  limits: GuardLimits,
  onFault: (fault: FrameFault) => void,
): void {
  const turnMs = 1_000 / limits.controls.perSecond;
  // as in pace.ts, without a map for one: ten thousand idle connections have one of these each
  let evenly = 0;
  const follow = createFrames(limits, () => {
    const now = clock.elapsed();
    evenly = Math.max(now, evenly) + turnMs;
    return evenly - now <= limits.controls.atOnce * turnMs;
  });
  const look = (chunk: Buffer) => {
    const fault = follow(chunk);
    if (!fault) return;
    socket.off('data', look);
    onFault(fault);
  };
  socket.on('data', look);
}

const connectType = 1;
const publishType = 3;
const lengthBytes = 4;

/**
 * Answers the fault of the stream so far, chunk by chunk.
 * @param mayControl asked once for each packet that is no PUBLISH.
 */
export function createFrames(
  limits: FrameLimits,
  mayControl: () => boolean = () => true,
): (chunk: Buffer) => FrameFault | undefined {
  let first = true;
  /** Bytes of the packet's body still to come. */
  let left = 0;
  /** Digits of the remaining length read so far, 7 bits each; -1 while the next byte is a packet's first. */
  let digits = -1;
  let length = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (left > 0) {
        const skipped = Math.min(left, chunk.length - at);
        left -= skipped;
        at += skipped;
        continue;
      }
      const byte = chunk[at++]!;
      if (digits < 0) {
        if (first && byte >> 4 !== connectType) return 'not-a-connect';
        if (byte >> 4 !== publishType && !mayControl()) return 'too-many';
        digits = 0;
        length = 0;
        continue;
      }
      length += (byte & 0x7f) * 128 ** digits;
      digits += 1;
      if (byte & 0x80) {
        if (digits === lengthBytes) return 'bad-length';
        continue;
      }
      if (length > (first ? limits.firstPacketBytes : limits.packetBytes)) return 'too-long';
      left = length;
      digits = -1;
      first = false;
    }
    return undefined;
  };
}
