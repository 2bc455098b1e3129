import { z } from 'zod';
import { ReadingId } from './ids.ts';

/**
 * What travels down to a source, and the status it sends up.
 * Only a receipt lets a source forget a reading; a rejected reading is receipted too, so that poison never blocks a home.
 */
export const Receipt = z.object({
  ref: z.string().min(1).max(64),
  outcome: z.enum(['stored', 'quarantined']),
  /** Why it was quarantined; absent when stored. */
  reason: z.string().max(64).optional(),
  reading: ReadingId.optional(),
});
export type Receipt = z.infer<typeof Receipt>;

export const ReceiptsMessage = z.object({ v: z.literal(1), receipts: z.array(Receipt).min(1).max(500) });
export type ReceiptsMessage = z.infer<typeof ReceiptsMessage>;

/** `measure-again`: somebody should be asked, at home, to rest and measure once more before `by`. */
export const Command = z.object({
  v: z.literal(1),
  id: z.uuid(),
  command: z.literal('measure-again'),
  device: z.string().max(64),
  by: z.iso.datetime(),
});
export type Command = z.infer<typeof Command>;

/** Retained on the `status` topic; the last will carries `state: "offline"`. */
export const StatusMessage = z.object({
  v: z.literal(1),
  state: z.enum(['online', 'offline']),
  at: z.iso.datetime().optional(),
  software: z.string().max(64).optional(),
  /** Readings that wait for a receipt. */
  waiting: z.int().min(0).optional(),
  devices: z
    .array(
      z.object({
        device: z.string().max(64),
        heardAt: z.iso.datetime().optional(),
        battery: z.int().min(0).max(100).optional(),
      }),
    )
    .max(64)
    .optional(),
});
export type StatusMessage = z.infer<typeof StatusMessage>;
