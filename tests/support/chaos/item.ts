import type { SourceId } from '#domain/ids.ts';
import type { ReadingSeries, ReadingsMessage } from '#domain/reading.ts';
import type { PanelName } from '#domain/vitals.ts';

/** What one receipt is for: a reading, or a series of them. */
export type Item = {
  source: SourceId;
  ref: string;
  /** As it goes into a message. */
  reading?: ReadingsMessage['readings'][number];
  series?: ReadingSeries;
  /** What must be found in the store, each once; nothing of what must be refused. */
  samples: Sample[];
  /** Whether the platform must refuse it. */
  bad: boolean;
  /** Times, ms since 1970. */
  sentAt?: number;
  ackedAt?: number;
  receiptedAt?: number;
  outcome?: 'stored' | 'quarantined';
  sendings: number;
};

/** `key`: by which the same measurement is known for ever: its device and the time the device gave it, else the time it was taken. */
export type Sample = { key: string; panel: PanelName; value: number };

export const keyOf = (panel: string, device: string, moment: string): string => `${panel} ${device} ${moment}`;
