import { z } from 'zod';

/** A text for people, in every language the product speaks. Both are always there: no fallback, no gap on a screen. */
export const Words = z.object({ en: z.string().min(1), zh: z.string().min(1) });
export type Words = z.infer<typeof Words>;

export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];

/** For what somebody said in one language only. */
export const inBothLanguages = (text: string): Words => ({ en: text, zh: text });
