import { hash } from 'node:crypto';
import type { ReadingId } from '#domain/ids.ts';
import { identityOf, type Reading } from '#domain/reading.ts';

export const readingId = (reading: Omit<Reading, 'ref'>): ReadingId =>
  hash('sha256', identityOf(reading), 'hex').slice(0, 32) as ReadingId;
