import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceId } from '#domain/ids.ts';
import {
  downTopics,
  mayPublish,
  maySubscribe,
  parseTopic,
  shardOf,
  shards,
  topicOf,
  upTopics,
} from '#domain/topics.ts';

const anySource = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,63}$/).map((text) => SourceId.parse(text));
const anyKind = fc.constantFrom(...upTopics, ...downTopics);

/** Texts near a topic: levels of ours, wildcards and rubbish in any order. */
const anyTopicText = fc
  .array(
    fc.oneof(
      fc.constantFrom('hb', 'v1', 'v2', '0', '63', '64', '+', '#', '', '$SYS', ...upTopics, ...downTopics),
      anySource,
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 7 },
  )
  .map((levels) => levels.join('/'));

describe('topics', () => {
  it('say who speaks about what, and back', () => {
    fc.assert(
      fc.property(anySource, anyKind, (source, kind) => {
        const topic = topicOf(source, kind);
        expect(parseTopic(topic)).toEqual({ source, shard: shardOf(source), kind });
        expect(topic.length).toBeLessThan(256);
        expect(topic).not.toMatch(/[+#\s]/);
      }),
    );
  });

  it('understand no text but their own', () => {
    fc.assert(
      fc.property(anyTopicText, (text) => {
        const parts = parseTopic(text);
        if (parts) expect(topicOf(parts.source, parts.kind)).toBe(text);
      }),
      { numRuns: 1_000 },
    );
    for (const text of ['', '/', 'hb/v1/+/gw-1/readings', 'hb/v1/#', `${topicOf(SourceId.parse('gw-1'), 'status')}/`])
      expect(parseTopic(text)).toBeUndefined();
  });

  it('let a source publish its own readings and status, and nothing else', () => {
    fc.assert(
      fc.property(anySource, anySource, anyKind, anyTopicText, (source, other, kind, text) => {
        expect(mayPublish(source, topicOf(source, kind))).toBe((upTopics as readonly string[]).includes(kind));
        if (other !== source) expect(mayPublish(source, topicOf(other, kind))).toBe(false);
        if (mayPublish(source, text)) expect(parseTopic(text)?.source).toBe(source);
      }),
    );
  });

  it('let a source subscribe to its own receipts and commands, never through a wildcard', () => {
    fc.assert(
      fc.property(anySource, anySource, anyKind, anyTopicText, (source, other, kind, text) => {
        expect(maySubscribe(source, topicOf(source, kind))).toBe((downTopics as readonly string[]).includes(kind));
        if (other !== source) expect(maySubscribe(source, topicOf(other, kind))).toBe(false);
        if (text.includes('+') || text.includes('#')) expect(maySubscribe(source, text)).toBe(false);
      }),
    );
  });

  it('spread sources over all shards, and a source keeps its shard for ever', () => {
    const counts = new Array<number>(shards).fill(0);
    for (let i = 0; i < 6_400; i++) counts[shardOf(SourceId.parse(`gw-${i.toString(36)}`))]!++;
    expect(Math.min(...counts)).toBeGreaterThan(40);
    expect(Math.max(...counts)).toBeLessThan(180);
    // FNV-1a, 32 bit (Fowler, Noll, Vo; RFC 9923): the published vectors of "a" and "foobar"
    expect(shardOf(SourceId.parse('a'))).toBe(0xe40c292c % 64);
    expect(shardOf(SourceId.parse('foobar'))).toBe(0xbf9cf968 % 64);
  });
});
