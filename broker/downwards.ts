import type { Command } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import { type DownTopic, topicOf } from '#domain/topics.ts';
import type { Carrier } from '#runtime/downlink.ts';
import type { Sessions } from './sessions.ts';

/** What may wait in a source's socket before further messages to it are dropped; it will ask again for what it misses. */
const waitingBytes = 256 * 1024;

/**
 * Hands messages straight to the session of their source. Through aedes' own routing one source that has stopped reading
 * would hold up the messages of all others.
 */
export function createCarrier(sessions: Sessions): Carrier & { command: (source: SourceId, command: Command) => void } {
  const send = (source: SourceId, kind: DownTopic, message: object) => {
    const session = sessions.find(source);
    if (!session?.subscribed.includes(kind) || session.client.conn.writableLength > waitingBytes) return;
    const payload = Buffer.from(JSON.stringify(message));
    const packet = {
      cmd: 'publish',
      topic: topicOf(source, kind),
      payload,
      qos: 1,
      retain: false,
      dup: false,
    } as const;
    // a message that cannot be written belongs to a connection that is ending
    session.client.publish(packet, () => {});
  };
  return {
    receipts: (source, message) => send(source, 'receipts', message),
    command: (source, command) => send(source, 'commands', command),
  };
}
