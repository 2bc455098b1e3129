import type { Client } from 'aedes';
import type { SourceId } from '#domain/ids.ts';
import { type DownTopic, downTopics, shardOf, topicOf, type UpTopic, upTopics } from '#domain/topics.ts';

/** What a source has proved itself with: the hash of its token, or the fingerprint of its certificate. */
export type Proof = { kind: 'token' | 'certificate'; hash: string };

/** A source that has proved itself, on one connection. */
export type Session = {
  source: SourceId;
  shard: number;
  client: Client;
  proof: Proof;
  /** What its topics begin with. */
  topics: string;
  subscribed: readonly DownTopic[];
  /** How many filters it was refused. */
  refusedFilters: number;
  /** Messages that wait for their turn; undefined while none does. */
  line?: Promise<void> | undefined;
};

/** Which of its own topics this is, if it is one that it may publish. */
export const upTopicOf = (session: Session, topic: string): UpTopic | undefined => kindOf(session, topic, upTopics);

/** Which of its own topics this is, if it is one that it may subscribe to. */
export const downTopicOf = (session: Session, topic: string): DownTopic | undefined =>
  kindOf(session, topic, downTopics);

function kindOf<Kind extends string>({ topics }: Session, topic: string, kinds: readonly Kind[]): Kind | undefined {
  if (!topic.startsWith(topics)) return undefined;
  return kinds.find((kind) => topic.length === topics.length + kind.length && topic.endsWith(kind));
}

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
    begin(client: Client, source: SourceId, proof: Proof): Session {
      const session: Session = {
        source,
        shard: shardOf(source),
        client,
        proof,
        topics: topicOf(source, 'status').slice(0, -'status'.length),
        subscribed: [],
        refusedFilters: 0,
        line: undefined,
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
