import { SourceId } from './ids.ts';

/**
 * `hb/v1/{shard}/{source}/readings | status | answers | receipts | commands`. No topic names a patient.
 * A source publishes the first three and subscribes to the last two, its own only; everything else is refused.
 */
export const upTopics = ['readings', 'status', 'answers'] as const;
export const downTopics = ['receipts', 'commands'] as const;
export type UpTopic = (typeof upTopics)[number];
export type DownTopic = (typeof downTopics)[number];

export const shards = 64;

/** The unit of ordering and of scaling, fixed at enrolment: FNV-1a (32 bit) of the source id, mod 64. */
export function shardOf(source: SourceId): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < source.length; i++) hash = Math.imul(hash ^ source.charCodeAt(i), 0x01000193) >>> 0;
  return hash % shards;
}

export const topicOf = (source: SourceId, kind: UpTopic | DownTopic): string =>
  `hb/v1/${shardOf(source)}/${source}/${kind}`;

export type TopicParts = { source: SourceId; shard: number; kind: UpTopic | DownTopic };

/** The parts of one of our topics, or undefined for any other text, wildcards and wrong shards included. */
export function parseTopic(topic: string): TopicParts | undefined {
  const [root, version, shard, source, kind, ...rest] = topic.split('/');
  const id = SourceId.safeParse(source);
  if (root !== 'hb' || version !== 'v1' || rest.length > 0 || !id.success) return undefined;
  if (![...upTopics, ...downTopics].includes(kind as UpTopic)) return undefined;
  if (shard !== String(shardOf(id.data))) return undefined;
  return { source: id.data, shard: shardOf(id.data), kind: kind as UpTopic | DownTopic };
}

export const mayPublish = (source: SourceId, topic: string): boolean =>
  upTopics.some((kind) => topic === topicOf(source, kind));

export const maySubscribe = (source: SourceId, filter: string): boolean =>
  downTopics.some((kind) => filter === topicOf(source, kind));
