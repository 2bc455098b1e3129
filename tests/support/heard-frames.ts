import type { HeardFrame } from '../../gateway-agent/interpret.ts';

const begin = Date.UTC(2026, 0, 1);

/** The n-th measurement of a cuff that measures every minute and whose clock is right: 120/80, and n tells it from others. */
export function heardFrame(n: number, device = 'AA:BB:CC:00:00:01'): Omit<HeardFrame, 'n'> {
  const at = new Date(begin + n * 60_000);
  const bytes = Buffer.from('027800500000000000000000000000', 'hex').subarray(0, 14);
  bytes.writeUInt16LE(at.getUTCFullYear(), 7);
  bytes.set([at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()], 9);
  return {
    visit: `visit-${n}`,
    device,
    profile: 'blood-pressure',
    characteristic: 0x2a35,
    heardAt: at.getTime(),
    bytes,
  };
}

/** Which n it was, from the message of a waiting reading. */
export const numberOf = (message: string): number => (Date.parse(JSON.parse(message).takenAt) - begin) / 60_000;
