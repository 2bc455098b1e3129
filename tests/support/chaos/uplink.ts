import { connect, type Socket } from 'node:net';
import { ReceiptsMessage } from '#domain/downward.ts';
import { topicOf } from '#domain/topics.ts';
import { systemClock as clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import { connectPacket, pingPacket, publishPacket, subscribePacket } from '../mqtt-packets.ts';
import type { Home } from './home.ts';
import type { Item } from './item.ts';

/**
 * What a home does with what it measured: keeps it until it is receipted, and sends it again as long as it is not. By hand, on a bare socket: what
 * judges the platform shares none of its code but the words of the field.
 */
export type Uplink = {
  take(item: Item): void;
  /** Neither stored nor refused yet. */
  waiting(): number;
  stop(): void;
};

const underWayAtMost = 4;
const itemsAtMost = 10;
/** Acknowledged but not receipted for so long: sent again. */
const receiptMs = 10_000;
const silenceMs = 8_000;
const lookEveryMs = 250;
const retry = { leastMs: 200, mostMs: 2_500 };

export function createUplink(
  home: Home,
  port: number,
  random: Random,
  on: { acked(item: Item): void; resent(): void },
): Uplink {
  const kept = new Map<string, Item>();
  /** By reference: when it was sent on this connection, `clock.elapsed`. */
  let sent = new Map<string, number>();
  let underWay = new Map<number, { items: Item[]; since: number }>();
  let socket: Socket | undefined;
  let isOpen = false;
  let nextId = 1;
  let heardAt = 0;
  let pingedAt = 0;
  let stopped = false;
  const [readings, receipts] = [topicOf(home.source, 'readings'), topicOf(home.source, 'receipts')];

  open();
  const stopLooking = clock.every(lookEveryMs, look);
  return {
    take(item) {
      kept.set(item.ref, item);
      send();
    },
    waiting: () => kept.size,
    stop() {
      stopped = true;
      stopLooking();
      socket?.destroy();
    },
  };

  function open(): void {
    sent = new Map();
    underWay = new Map();
    isOpen = false;
    heardAt = clock.elapsed();
    const next = connect({ host: '127.0.0.1', port, noDelay: true });
    socket = next;
    let rest: Buffer = Buffer.alloc(0);
    next.on('connect', () =>
      next.write(connectPacket({ clientId: home.source, username: home.source, password: home.secret })),
    );
    next.on('data', (chunk) => {
      heardAt = clock.elapsed();
      rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      for (let packet = firstIn(rest); packet; packet = firstIn(rest)) {
        rest = rest.subarray(packet.bytes);
        hear(next, packet.type, packet.body);
      }
    });
    next.on('error', () => {});
    next.on('close', () => {
      if (socket !== next || stopped) return;
      isOpen = false;
      socket = undefined;
      clock.after(retry.leastMs + random.next() * (retry.mostMs - retry.leastMs), () => !stopped && open());
    });
  }

  function hear(from: Socket, type: number, body: Buffer): void {
    if (from !== socket) return;
    // CONNACK, PUBACK, PUBLISH, SUBACK: MQTT 3.1.1, section 2.2.1
    if (type === 2) {
      if (body[1] !== 0) return void from.destroy();
      isOpen = true;
      from.write(subscribePacket(nextPacketId(), [receipts]));
      send();
    } else if (type === 4) {
      const id = body.readUInt16BE(0);
      const message = underWay.get(id);
      underWay.delete(id);
      for (const item of message?.items ?? []) {
        item.ackedAt ??= clock.now();
        on.acked(item);
      }
      send();
    } else if (type === 3) {
      const topicBytes = body.readUInt16BE(0);
      const id = body.subarray(2 + topicBytes, 4 + topicBytes);
      receipted(body.subarray(4 + topicBytes));
      from.write(Buffer.concat([Buffer.of(0x40, 2), id]));
    }
  }

  function receipted(payload: Buffer): void {
    for (const { ref, outcome } of ReceiptsMessage.parse(JSON.parse(payload.toString())).receipts) {
      const item = kept.get(ref);
      if (!item) continue;
      item.receiptedAt = clock.now();
      item.outcome = outcome;
      kept.delete(ref);
    }
  }

  function send(): void {
    if (!isOpen || !socket) return;
    const now = clock.elapsed();
    const due = [...kept.values()].filter(({ ref }) => now - (sent.get(ref) ?? Number.NEGATIVE_INFINITY) > receiptMs);
    while (due.length > 0 && underWay.size < underWayAtMost) {
      const items = due.splice(0, 1 + Math.floor(random.next() * itemsAtMost));
      const id = nextPacketId();
      for (const item of items) {
        if (item.sendings++ > 0) on.resent();
        item.sentAt ??= clock.now();
        sent.set(item.ref, now);
      }
      underWay.set(id, { items, since: now });
      const message = {
        v: 1,
        readings: items.flatMap(({ reading }) => reading ?? []),
        series: items.flatMap(({ series }) => series ?? []),
      };
      socket.write(publishPacket({ topic: readings, payload: JSON.stringify(message), qos: 1, id }));
    }
  }

  function look(): void {
    const now = clock.elapsed();
    if (isOpen && now - heardAt > silenceMs / 2 && now - pingedAt > silenceMs / 2) {
      pingedAt = now;
      socket?.write(pingPacket());
    }
    const unanswered = [...underWay.values()].some(({ since }) => now - since > silenceMs);
    if (socket && (unanswered || now - heardAt > silenceMs)) socket.destroy();
    send();
  }

  function nextPacketId(): number {
    nextId = (nextId % 0xffff) + 1;
    return nextId;
  }
}

/** The first whole packet in these bytes. */
function firstIn(bytes: Buffer): { type: number; body: Buffer; bytes: number } | undefined {
  let length = 0;
  for (let digit = 0; digit < 4; digit++) {
    const byte = bytes[1 + digit];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** digit;
    if (byte & 0x80) continue;
    const end = 2 + digit + length;
    return bytes.length < end ? undefined : { type: bytes[0]! >> 4, body: bytes.subarray(2 + digit, end), bytes: end };
  }
  throw new Error('the broker sent what is no packet');
}
