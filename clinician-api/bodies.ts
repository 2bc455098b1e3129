import { z } from 'zod';
import { Outcome } from '#domain/alert.ts';
import { DeviceId } from '#domain/ids.ts';
import { storableText } from '#runtime/records/storable.ts';

/** What callers may send. Strict: a field too many is a misunderstanding, and is told. */

const words = (most: number) => z.string().max(most).transform(storableText).pipe(z.string().trim());
const Note = words(2_000).optional();

export const SignIn = z.strictObject({
  email: z.string().min(1).max(254),
  // long enough for any passphrase, short enough that hashing costs nothing extra
  password: z.string().min(1).max(256),
});

export const Acknowledge = z.strictObject({ note: Note });
export const Resolve = z.strictObject({ outcome: Outcome, note: Note });
export const CompleteTask = z.strictObject({ result: words(2_000).pipe(z.string().min(1)) });
export const SetOverrides = z.strictObject({ parameters: z.record(z.string().max(64), z.number()) });

/** What a care team may ask of a home. */
export const MeasureAgain = z.strictObject({ command: z.literal('measure-again'), device: DeviceId });

export const bodies = { SignIn, Acknowledge, Resolve, CompleteTask, SetOverrides, MeasureAgain };
