import { describe, expect, it } from 'vitest';
import { platformTroubles } from '#domain/platform-troubles.ts';

describe('troubles of the platform', () => {
  it('say in both languages what they are, what they mean and what to do', () => {
    for (const [trouble, { title, means, remedy }] of Object.entries(platformTroubles))
      for (const { en, zh } of [title, means, remedy]) {
        expect(en, trouble).toMatch(/^[A-Z]/);
        expect(zh, trouble).toMatch(/[\u4e00-\u9fff]/);
        expect(zh, trouble).not.toMatch(/[\u4e00-\u9fff][,;:!?()]|[,;:!?(][\u4e00-\u9fff]/);
      }
  });

  it('that keep readings from being taken say that nothing acknowledged is lost', () => {
    for (const trouble of ['journal-full', 'journal-unwritable', 'readings-not-kept'] as const) {
      expect(platformTroubles[trouble].means.en).toContain('Nothing that was acknowledged is lost');
      expect(platformTroubles[trouble].means.zh).toContain('已确认的读数不会丢失');
    }
  });
});
