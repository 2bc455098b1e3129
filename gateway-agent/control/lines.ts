import type { Socket } from 'node:net';
import { controlLimits } from './words.ts';

/** Calls `take` for every line of JSON; `broken` once, and nothing more, for a line that is too long or no JSON. */
export function readLines(socket: Socket, take: (json: unknown) => void, broken: () => void): void {
  let kept: Buffer = Buffer.alloc(0);
  let over = false;
  socket.on('data', (chunk: Buffer) => {
    if (over) return;
    kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    for (let end = kept.indexOf(10); end >= 0 && !over; end = kept.indexOf(10)) {
      const line = kept.subarray(0, end).toString('utf8');
      kept = kept.subarray(end + 1);
      let json: unknown;
      try {
        json = JSON.parse(line);
      } catch {
        over = true;
        return broken();
      }
      take(json);
    }
    if (kept.length > controlLimits.lineBytes) {
      over = true;
      broken();
    }
  });
}
