import type { SourceId } from '#domain/ids.ts';
import { topicOf } from '#domain/topics.ts';
import type { Enrolled } from './mqtt.ts';
import {
  connectPacket,
  packet,
  pingPacket,
  publishPacket,
  pubrelPacket,
  subscribePacket,
  unsubscribePacket,
} from './mqtt-packets.ts';

/**
 * What no MQTT client sends: conversations of valid packets, some of which were spoilt, by structure (another kind, flags, lengths that
 * lie, topics that are none, numbers that are in use) or byte by byte. The same numbers make the same conversation again.
 */
export type Conversation = {
  packets: Buffer[];
  /** How many of them are as no client would send them. */
  mutated: number;
  /** How the connection behaves: sends all at once, byte by byte, never reads, ends its half, or resets. */
  manner: (typeof manners)[number];
};

const manners = ['at-once', 'at-once', 'at-once', 'in-pieces', 'deaf', 'half-closed', 'reset'] as const;
const spoilt = 0.4;

/** @param next a number from 0 to below 1 */
export function conversation({ source, secret }: Enrolled, foreign: SourceId, next: () => number): Conversation {
  const one = <Thing>(things: readonly Thing[]): Thing => things[Math.floor(next() * things.length)]!;
  const upTo = (most: number) => Math.floor(next() * most);
  const connect = connectPacket({ clientId: source, username: source, password: secret, level: one([4, 4, 4, 3, 5]) });
  const packets = [next() < 0.85 ? connect : mutant(connect)];
  let mutated = packets[0] === connect ? 0 : 1;
  for (let left = 4 + upTo(12); left > 0; left--) {
    const whole = valid();
    const sent = next() < spoilt ? mutant(whole) : whole;
    if (sent !== whole) mutated += 1;
    packets.push(sent);
  }
  return { packets, mutated, manner: one(manners) };

  function valid(): Buffer {
    const own = topicOf(source, one(['readings', 'readings', 'status', 'answers', 'receipts'] as const));
    const id = 1 + upTo(20);
    const qos = one([0, 1, 2] as const);
    return one([
      () => publishPacket({ topic: own, payload: 'y'.repeat(upTo(200)), qos, id, retain: next() < 0.1 }),
      () => publishPacket({ topic: own, payload: 'z'.repeat(upTo(40_000)), qos, id }),
      () => subscribePacket(id, [topicOf(source, one(['receipts', 'commands'] as const))]),
      () => unsubscribePacket(id, [topicOf(source, 'receipts')]),
      () => pubrelPacket(id),
      // PUBACK, PUBREC and PUBCOMP of messages that we never sent
      () => packet(one([0x40, 0x50, 0x70]), Buffer.of(0, id)),
      pingPacket,
    ])();
  }

  function mutant(whole: Buffer): Buffer {
    return one([
      () => flipped(whole),
      () => flipped(whole),
      () => random(upTo(300)),
      // another kind of packet, or flags that are reserved
      () => Buffer.concat([Buffer.of(upTo(256)), whole.subarray(1)]),
      () => packet(upTo(256), random(upTo(40))),
      () => packet(upTo(256)),
      // a length that lies, and lengths written in more digits than needed
      () => Buffer.concat([whole.subarray(0, 1), Buffer.of(upTo(256)), whole.subarray(2)]),
      () => Buffer.concat([whole.subarray(0, 1), Buffer.of(0x80, 0x80, upTo(3)), whole.subarray(2)]),
      () => whole.subarray(0, 1 + upTo(whole.length)),
      () => Buffer.concat([whole, whole.subarray(upTo(whole.length))]),
      () => publishPacket({ topic: topic(), payload: 'x', qos: one([0, 1, 2] as const), id: upTo(3) }),
      () => publishPacket({ topic: topic(), payload: '', qos: 1, id: upTo(3), retain: true }),
      () => subscribePacket(upTo(3), Array.from({ length: upTo(20) }, topic)),
      () => unsubscribePacket(upTo(3), Array.from({ length: upTo(20) }, topic)),
      () => publishPacket({ topic: topicOf(foreign, 'readings'), payload: 'forged', qos: 1, id: 1 }),
      // QoS 3, which there is not
      () =>
        Buffer.concat([Buffer.of(0x36), publishPacket({ topic: topic(), payload: 'x', qos: 1, id: 1 }).subarray(1)]),
      () => connectPacket({ clientId: topic(), username: foreign, password: secret }),
      // DISCONNECT with a body, AUTH of MQTT 5, what only a broker sends
      () => packet(one([0xe0, 0xf0, 0x20, 0x90, 0xb0, 0xd0]), random(upTo(8))),
    ])();
  }

  function topic(): string {
    return one([
      '',
      '/',
      '#',
      '+/+',
      'hb/#/x',
      '$SYS/broker/heartbeat',
      '$share/g/hb/v1/#',
      '__proto__',
      'constructor/prototype',
      'a\u0000b',
      '\ud800',
      '/'.repeat(1 + upTo(300)),
      'x'.repeat(upTo(5_000)),
      `hb/v1/${upTo(100)}/${source}/readings`,
      `${topicOf(source, 'readings')}/`,
      topicOf(source, 'receipts'),
      topicOf(foreign, 'commands'),
    ]);
  }

  function flipped(whole: Buffer): Buffer {
    const bytes = Buffer.from(whole);
    for (let changes = 1 + upTo(4); changes > 0; changes--) bytes[upTo(Math.min(bytes.length, 80))]! ^= 1 << upTo(8);
    return bytes;
  }

  function random(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => upTo(256)));
  }
}
