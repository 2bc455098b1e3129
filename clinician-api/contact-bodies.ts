import { z } from 'zod';
import { PhoneNumber, PushSubscription, Quiet } from '#domain/contact.ts';
import { storableText } from '#runtime/records/storable.ts';

/** What callers may send about their contact points. */

const wish = {
  label: z
    .string()
    .max(60)
    .transform(storableText)
    .pipe(z.string().trim())
    .transform((text) => text || null)
    .nullable()
    .default(null),
  confidential: z.boolean().default(false),
  quiet: Quiet.nullable().default(null),
};

/** For `ntfy` the platform makes up a topic. */
export const AddContactPoint = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('email'), email: z.email().max(254).toLowerCase(), ...wish }),
  z.strictObject({ kind: z.literal('phone'), number: PhoneNumber, ...wish }),
  z.strictObject({ kind: z.literal('ntfy'), ...wish }),
  z.strictObject({ kind: z.literal('web-push'), subscription: PushSubscription, ...wish }),
]);
export type AddContactPoint = z.infer<typeof AddContactPoint>;

export const SetContactPoint = z.strictObject(wish);
export const VerifyContactPoint = z.strictObject({ code: z.string().regex(/^\d{6}$/, 'six digits') });

export const contactBodies = { AddContactPoint, SetContactPoint, VerifyContactPoint };
