import { isIPv6, type Socket } from 'node:net';
import type { Clock } from '#runtime/clock.ts';
import type { BrokerLimits } from './limits.ts';
import { createPace } from './pace.ts';

/**
 * Where a connection comes from. Whoever has one IPv6 address has 2^64 of them, so those count by their network; undefined
 * when the other side has hung up already.
 */
export function addressOf({ remoteAddress }: Socket): string | undefined {
  if (!remoteAddress || !isIPv6(remoteAddress)) return remoteAddress;
  if (remoteAddress.startsWith('::ffff:') && remoteAddress.includes('.')) return remoteAddress.slice('::ffff:'.length);
  const [head = '', tail] = remoteAddress.split('%')[0]!.split('::');
  const groups = head ? head.split(':') : [];
  const behind = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - groups.length - behind.length;
  return [...groups, ...Array<string>(zeros).fill('0'), ...behind].slice(0, 4).join(':');
}

/** How many connections each address has open, and how fast it opens new ones. */
export function createAddresses(clock: Clock, limits: Pick<BrokerLimits, 'connectionsPerAddress' | 'newPerAddress'>) {
  const open = new Map<string, number>();
  const opened = createPace<string>(clock, limits.newPerAddress);
  return {
    /** Counts the socket until it closes; false where its address has too many, or opens them too fast. */
    admit(socket: Socket): boolean {
      const address = addressOf(socket);
      const count = (address && open.get(address)) || 0;
      if (!address || count >= limits.connectionsPerAddress || !opened.tryTake(address)) return false;
      open.set(address, count + 1);
      socket.once('close', () => {
        const left = open.get(address)! - 1;
        if (left > 0) open.set(address, left);
        else open.delete(address);
      });
      return true;
    },
    sweep: opened.sweep,
  };
}
