import type { Client } from 'aedes';
import type { SourceId } from '#domain/ids.ts';
import { type DownTopic, downTopics, shardOf, topicOf, type UpTopic, upTopics } from '#domain/topics.ts';

/** A source that has proved itself, on one connection. */
export type Session = {
  source: SourceId;
  shard: number;
  client: Client;
  /** Of the token with which it signed in, as the records hold it. */
  secretHash: string;
  /** The topics it may publish. */
  up: ReadonlyMap<string, UpTopic>;
  /** The topics it may subscribe to. */
  down: ReadonlyMap<string, DownTopic>;
  subscribed: Set<DownTopic>;
};

/**
 * Who is connected. A source has one session: when it connects again while the old connection still seems alive (a gateway
 * that lost its link notices before we do), the new one takes over.
 */
export function createSessions() {
  const byClient = new WeakMap<Client, Session>();
  const live = new Map<SourceId, Session>();
  /** The one that proved itself last, from before its predecessor is closed. */
  const newest = new Map<SourceId, Session>();
  return {
    begin(client: Client, source: SourceId, secretHash: string): Session {
      const session: Session = {
        source,
        shard: shardOf(source),
        client,
        secretHash,
        up: new Map(upTopics.map((kind) => [topicOf(source, kind), kind])),
        down: new Map(downTopics.map((kind) => [topicOf(source, kind), kind])),
        subscribed: new Set(),
      };
      byClient.set(client, session);
      newest.set(source, session);
      return session;
    },
    /** Answers the session that this one replaces, if any. */
    connected(client: Client): Session | undefined {
      const session = byClient.get(client);
      if (!session) return undefined;
      const former = live.get(session.source);
      live.set(session.source, session);
      return former;
    },
    ended(client: Client): void {
      const session = byClient.get(client);
      if (!session) return;
      if (live.get(session.source) === session) live.delete(session.source);
      if (newest.get(session.source) === session) newest.delete(session.source);
    },
    of: (client: Client | null): Session | undefined => (client ? byClient.get(client) : undefined),
    /** Has the source come back on another connection? */
    takenOver(session: Session): boolean {
      const latest = newest.get(session.source);
      return latest !== undefined && latest !== session && !latest.client.closed;
    },
    find: (source: SourceId): Session | undefined => live.get(source),
    sources: (): SourceId[] => [...live.keys()],
    all: (): Session[] => [...live.values()],
    count: (): number => live.size,
  };
}

export type Sessions = ReturnType<typeof createSessions>;
