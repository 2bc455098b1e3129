import { connect, type Socket } from 'node:net';
import { systemClock as clock } from '#runtime/clock.ts';
import { connectPacket } from '../../support/mqtt-packets.ts';
import { type BenchSource, type Frame, frameOf } from './messages.ts';

/**
 * Thousands of sources in one process, as cheap as they can be: bare sockets and packets that are made beforehand. Each source has `window` packet
 * ids; one that was acknowledged is sent anew, and the time it took is known by it.
 */
export type Load = {
  /** As fast as the acknowledgements come. */
  flood(forMs: number): Promise<Burst>;
  /** So many messages a second, evenly; the time of one that had to wait for a free packet id counts from when it was due. */
  pace(forMs: number, perSecond: number): Promise<Burst>;
  close(): void;
};

export type Burst = {
  /** Acknowledged messages. */
  messages: number;
  /** From publish to PUBACK, ms, one for each message. */
  ackMs: Float64Array;
  /** From the first publish to the last PUBACK. */
  tookMs: number;
};

type Line = {
  socket: Socket;
  device: string;
  panel: BenchSource['panel'];
  frames: Frame[];
  /** Packet ids less one that are free. */
  free: number[];
  /** By packet id less one: `clock.elapsed`. */
  sentAt: Float64Array;
  /** Samples of one source are never of the same millisecond. */
  takenAt: number;
};

const connectingAtOnce = 50;
const connectMs = 60_000;
const lastWordMs = 60_000;
const tickMs = 2;

/**
 * @param wish `onSent`: called for each message of the second source, which measures a heart: whoever wants to know when it is stored
 * @throws Error when a source is not let in, or a connection ends
 */
export async function openLoad(wish: {
  port: number;
  sources: readonly BenchSource[];
  samples: number;
  window: number;
  onSent: (device: string, takenAt: number) => void;
}): Promise<Load> {
  const { samples, window, onSent } = wish;
  let fault: Error | undefined;
  let acked = 0;
  let open = 0;
  let ackMs = new Float64Array(0);
  let onFree: ((line: Line) => void) | undefined;
  const lines: Line[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: connectingAtOnce }, async () => {
      while (next < wish.sources.length) {
        const place = next++;
        lines[place] = await openLine(wish.sources[place]!, place);
      }
    }),
  );

  return { flood, pace, close: () => lines.forEach(({ socket }) => void socket.destroy()) };

  async function flood(forMs: number): Promise<Burst> {
    const until = clock.elapsed() + forMs;
    onFree = (line) => {
      if (clock.elapsed() < until) send(line, clock.elapsed());
    };
    return burst(forMs, async () => {
      for (const line of lines) while (line.free.length > 0) send(line, clock.elapsed());
    });
  }

  async function pace(forMs: number, perSecond: number): Promise<Burst> {
    onFree = undefined;
    const from = clock.elapsed();
    let sent = 0;
    let turn = 0;
    const most = Math.floor((forMs * perSecond) / 1_000);
    return burst(forMs, async () => {
      while (sent < most && !fault) {
        const due = Math.min(most, Math.floor(((clock.elapsed() - from) * perSecond) / 1_000));
        for (let busy = 0; sent < due && busy < lines.length; turn++) {
          const line = lines[turn % lines.length]!;
          if (line.free.length === 0) busy++;
          else send(line, from + (++sent * 1_000) / perSecond);
        }
        await clock.sleep(tickMs);
      }
    });
  }

  async function burst(forMs: number, sendAll: () => Promise<void>): Promise<Burst> {
    acked = 0;
    ackMs = new Float64Array(1 << 16);
    const startedAt = clock.elapsed();
    await Promise.all([sendAll(), clock.sleep(forMs)]);
    const late = clock.elapsed() + lastWordMs;
    while (open > 0) {
      if (fault) throw fault;
      if (clock.elapsed() > late) throw new Error(`${open} messages were not acknowledged within a minute`);
      await clock.sleep(5);
    }
    if (fault) throw fault;
    return { messages: acked, ackMs: ackMs.subarray(0, acked), tookMs: clock.elapsed() - startedAt };
  }

  function send(line: Line, since: number): void {
    const slot = line.free.pop()!;
    line.takenAt = Math.max(line.takenAt + samples, Date.now());
    line.sentAt[slot] = since;
    open++;
    line.socket.write(line.frames[slot]!.at(line.takenAt));
    if (line === lines[1]) onSent(line.device, line.takenAt);
  }

  function acknowledged(line: Line, id: number): void {
    line.free.push(id - 1);
    open--;
    if (acked === ackMs.length) {
      const longer = new Float64Array(ackMs.length * 2);
      longer.set(ackMs);
      ackMs = longer;
    }
    ackMs[acked++] = clock.elapsed() - line.sentAt[id - 1]!;
    onFree?.(line);
  }

  function openLine(source: BenchSource, place: number): Promise<Line> {
    return new Promise((resolve, reject) => {
      // an address for each: whoever counts connections by address counts one
      const from = `127.1.${place >> 8}.${place & 0xff}`;
      const socket = connect({ host: '127.0.0.1', port: wish.port, localAddress: from, noDelay: true });
      const line: Line = {
        socket,
        device: source.device,
        panel: source.panel,
        frames: Array.from({ length: window }, (_, n) => frameOf(source, samples, n + 1)),
        free: Array.from({ length: window }, (_, n) => n),
        sentAt: new Float64Array(window),
        takenAt: 0,
      };
      const cancel = clock.after(connectMs, () => reject(new Error('a source was not let in within a minute')));
      let rest: Buffer = Buffer.alloc(0);
      socket.on('connect', () =>
        socket.write(connectPacket({ clientId: source.source, username: source.source, password: source.secret })),
      );
      socket.on('data', (chunk) => {
        let bytes: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
        // nothing but CONNACK and PUBACK comes to who subscribes to nothing, and both take four bytes
        for (; bytes.length >= 4; bytes = bytes.subarray(4)) {
          if (bytes[0] === 0x40) acknowledged(line, bytes.readUInt16BE(2));
          else if (bytes[0] !== 0x20 || bytes[3] !== 0) return void socket.destroy(new Error('a source was refused'));
          else {
            cancel();
            resolve(line);
          }
        }
        rest = bytes;
      });
      const ended = (cause?: Error) => {
        cancel();
        fault ??= cause ?? new Error('a connection was ended by the broker');
        reject(fault);
      };
      socket.on('error', ended);
      socket.on('close', () => ended());
    });
  }
}
