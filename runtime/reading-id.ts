import { createHash } from 'node:crypto';
import { ReadingId } from '#domain/ids.ts';
import { identityOf, type Reading } from '#domain/reading.ts';

export const readingId = (reading: Omit<Reading, 'ref'>): ReadingId =>
  ReadingId.parse(createHash('sha256').update(identityOf(reading)).digest('hex').slice(0, 32));
