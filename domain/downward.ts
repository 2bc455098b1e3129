import { z } from 'zod';
import { ReadingId } from './ids.ts';

/**
 * What travels down to a source, and the status and the answers it sends up.
 * Only a receipt lets a source forget a reading; a rejected reading is receipted too, so that poison never blocks a home.
 */
export const Receipt = z.object({
  ref: z.string().min(1).max(64),
  outcome: z.enum(['stored', 'quarantined']),
  /** Why it was quarantined; absent when stored. */
  reason: z.string().max(64).optional(),
  reading: ReadingId.optional(),
  /**
   * Of a series only, which is `stored` when its samples are each stored or in quarantine: the samples that were refused, by their place in it.
   * A series that was refused as a whole is `quarantined`.
   */
  refused: z
    .array(z.object({ sample: z.int().min(0), reason: z.string().max(64) }))
    .max(1_000)
    .optional(),
});
export type Receipt = z.infer<typeof Receipt>;

/**
 * `at`: the server's clock when it sent this, by which a source may judge its own. The broker sends one without receipts to a source that
 * begins to listen for them: it only tells the time.
 */
export const ReceiptsMessage = z.object({
  v: z.literal(1),
  at: z.iso.datetime().optional(),
  receipts: z.array(Receipt).max(500),
});
export type ReceiptsMessage = z.infer<typeof ReceiptsMessage>;

const asked = { v: z.literal(1), id: z.uuid(), by: z.iso.datetime() };

/**
 * What the server may ask of a source, to be done before `by`; asked again until it is answered or late.
 * `measure-again`: somebody should be asked, at home, to rest and measure once more. `send-status`: now, not only when it is due.
 * `set-interval`: from now on, also after a restart, a status at least every so many seconds, or a value of a device that speaks all the
 * time.
 */
export const Command = z.discriminatedUnion('command', [
  z.object({ ...asked, command: z.literal('measure-again'), device: z.string().max(64) }),
  z.object({ ...asked, command: z.literal('send-status') }),
  z.object({
    ...asked,
    command: z.literal('set-interval'),
    of: z.enum(['status', 'stream']),
    seconds: z.int().min(60).max(86_400),
  }),
]);
export type Command = z.infer<typeof Command>;

/** What became of a command. `reason`: a code, where it was not done. On the `answers` topic, one message for each command. */
export const CommandAnswer = z.object({
  v: z.literal(1),
  id: z.uuid(),
  outcome: z.enum(['done', 'refused', 'too-late']),
  reason: z.string().max(64).optional(),
  at: z.iso.datetime(),
});
export type CommandAnswer = z.infer<typeof CommandAnswer>;

/** How it stands with a device, as far as its gateway knows. */
export const DeviceStatus = z.object({
  /** As DeviceId. */
  device: z.string().regex(/^[A-Za-z0-9:._-]{1,64}$/),
  model: z.string().max(64).optional(),
  /** Of its last advertisement or word. */
  heardAt: z.iso.datetime().optional(),
  /** Percent. */
  battery: z.int().min(0).max(100).optional(),
  /** Strength of its last advertisement at the gateway, dBm. */
  rssi: z.int().min(-127).max(20).optional(),
  /** How far its clock is ahead of the gateway's, as last compared. */
  clockOffsetMs: z.int().optional(),
  /** Why it cannot be served, in a word that `errors` in a fault would bear. */
  trouble: z
    .string()
    .regex(/^[a-z-]{1,32}$/)
    .optional(),
});
export type DeviceStatus = z.infer<typeof DeviceStatus>;

/** Retained on the `status` topic; the last will carries `state: "offline"`. */
export const StatusMessage = z.object({
  v: z.literal(1),
  state: z.enum(['online', 'offline']),
  at: z.iso.datetime().optional(),
  software: z.string().max(64).optional(),
  /** Readings that wait for a receipt. */
  waiting: z.int().min(0).optional(),
  outbox: z
    .object({
      /** The oldest that waits was heard then. */
      oldestAt: z.iso.datetime().optional(),
      bytes: z.int().min(0),
      /**
       * What it may take. Near it, what is kept aside gives way, the oldest first; a reading that waits never does: when nothing but those is
       * left, nothing more is fetched from the devices, which keep it.
       */
      mostBytes: z.int().min(1),
      /** Kept aside at home: frames that nobody could read, and readings that the server refused. */
      aside: z.int().min(0),
      /** Given up for want of room, ever: of what was kept aside, and of what a device sent while nothing could be kept. */
      lost: z.int().min(0),
    })
    .optional(),
  radio: z.object({ state: z.enum(['ok', 'degraded', 'down']), detail: z.string().max(128).optional() }).optional(),
  /** Of a source that signs in with one and renews it by itself. */
  certificate: z
    .object({
      notAfter: z.iso.datetime(),
      /** Why it could not be renewed when that was last tried; a word of `renewalFaults`, or one for what stood in the way. */
      trouble: z
        .string()
        .regex(/^[a-z-]{1,32}$/)
        .optional(),
    })
    .optional(),
  /** How far this source's clock is ahead of the server's, by the receipts. */
  clockOffsetMs: z.int().optional(),
  /** On the disk that holds its outbox. */
  freeBytes: z.int().min(0).optional(),
  devices: z.array(DeviceStatus).max(64).optional(),
});
export type StatusMessage = z.infer<typeof StatusMessage>;
