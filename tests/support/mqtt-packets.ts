/**
 * Packets of MQTT 3.1.1 as bytes, written from the standard (sections 2 and 3) and not with the library that the broker parses
 * them with.
 */

export function connectPacket(wish: {
  clientId: string;
  username?: string;
  password?: string;
  clean?: boolean;
  level?: number;
  keepAliveS?: number;
  will?: { topic: string; payload: string };
}): Buffer {
  const { clientId, username, password, clean = true, level = 4, keepAliveS = 60, will } = wish;
  const flags =
    (username === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40) | (clean ? 0x02 : 0) | (will ? 0x2c : 0);
  const properties = level === 5 ? [Buffer.of(0)] : [];
  return packet(
    0x10,
    text('MQTT'),
    Buffer.of(level, flags, 0, keepAliveS),
    ...properties,
    ...[clientId, will?.topic, will?.payload, username, password].filter((part) => part !== undefined).map(text),
  );
}

export function publishPacket(wish: {
  topic: string;
  payload: string;
  qos: 0 | 1 | 2;
  id: number;
  retain?: boolean;
}): Buffer {
  const id = wish.qos === 0 ? [] : [number(wish.id)];
  const head = 0x30 | (wish.qos << 1) | (wish.retain ? 1 : 0);
  return packet(head, text(wish.topic), ...id, Buffer.from(wish.payload));
}

export const subscribePacket = (id: number, topics: string[]): Buffer =>
  packet(0x82, number(id), ...topics.flatMap((topic) => [text(topic), Buffer.of(1)]));

export const unsubscribePacket = (id: number, topics: string[]): Buffer =>
  packet(0xa2, number(id), ...topics.map(text));

export const pubrelPacket = (id: number): Buffer => packet(0x62, number(id));

export const pingPacket = (): Buffer => packet(0xc0);

export function packet(head: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.concat([Buffer.of(head, ...length), body]);
}

const number = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff);

function text(words: string): Buffer {
  const bytes = Buffer.from(words);
  return Buffer.concat([number(bytes.length), bytes]);
}
