import { z } from 'zod';
import type { Severity } from './alert.ts';
import { ClinicianId } from './ids.ts';
import { Words } from './words.ts';
import { timeOfDayIn } from './zone.ts';

/** Where a clinician can be reached, and by which channels. */

/** `ntfy`: a topic that the platform made up. `web-push`: a browser that subscribed. */
export const contactKinds = ['email', 'phone', 'ntfy', 'web-push'] as const;
export const ContactKind = z.enum(contactKinds);
export type ContactKind = z.infer<typeof ContactKind>;

/** A number that can be called from anywhere (ITU-T E.164). */
export const PhoneNumber = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/, 'a phone number starts with + and the number of the country, and holds 7 to 15 digits');

/** What a browser tells of its subscription: `PushSubscription.toJSON()` (W3C Push API; keys as in RFC 8291). */
export const PushSubscription = z.object({
  endpoint: z.url({ protocol: /^https$/ }).max(1_000),
  keys: z.object({
    /** An uncompressed point on P-256: 65 bytes. */
    p256dh: z.string().regex(/^[A-Za-z0-9_-]{87}$/),
    /** 16 bytes. */
    auth: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
  }),
});
export type PushSubscription = z.infer<typeof PushSubscription>;

/** When somebody does not want to be disturbed at one of their contact points, in their own time: `22:00` to `06:30` goes over midnight. */
export const Quiet = z.object({
  from: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
  to: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
  timeZone: z.string().refine(isTimeZone, 'not a time zone'),
});
export type Quiet = z.infer<typeof Quiet>;

/** What is critical disturbs always. @param now ms since 1970. */
export function isQuiet(quiet: Quiet | null, severity: Severity, now: number): boolean {
  if (!quiet || severity === 'critical') return false;
  const time = timeOfDayIn(quiet.timeZone, now);
  return quiet.from <= quiet.to ? quiet.from <= time && time < quiet.to : quiet.from <= time || time < quiet.to;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const ContactPointId = z.uuid().brand<'ContactPointId'>();
export type ContactPointId = z.infer<typeof ContactPointId>;

/** One of one's own. Nobody else is shown an address. */
export const ContactPointView = z.object({
  id: ContactPointId,
  kind: ContactKind,
  /** A mail address, a number, a topic; of a browser the name of the host that pushes for it. */
  address: z.string(),
  /** What its owner calls it. */
  label: z.string().nullable(),
  /** Nobody else reads what arrives there. */
  confidential: z.boolean(),
  quiet: Quiet.nullable(),
  verifiedAt: z.iso.datetime().nullable(),
  /** The last that got through. */
  sentAt: z.iso.datetime().nullable(),
  /** What the last attempt failed with, in a few fixed English words; null when it got through. */
  fault: z.string().nullable(),
  /** It does not exist any more: a browser that has unsubscribed. */
  gone: z.boolean(),
  /** Until then the removal can be undone. */
  removedUntil: z.iso.datetime().nullable(),
});
export type ContactPointView = z.infer<typeof ContactPointView>;

/** How pages can go out here. */
export const ChannelView = z.object({
  channel: z.string(),
  to: z.enum([...contactKinds, 'group', 'system']),
  confidential: z.boolean(),
});
export type ChannelView = z.infer<typeof ChannelView>;

/** `account`: the address with which they sign in; it is always there and needs no verification. */
export const MyContact = z.object({
  account: z.email(),
  points: z.array(ContactPointView),
  channels: z.array(ChannelView),
  /** What a browser needs in order to subscribe (`applicationServerKey`); null where Web Push is not set up. */
  webPushKey: z.string().nullable(),
});
export type MyContact = z.infer<typeof MyContact>;

/** By what somebody can be reached, without their addresses. */
export const Reachability = z.object({
  clinician: z.object({ id: ClinicianId, name: Words }),
  /** Names of channels. Empty: nobody can reach them. */
  channels: z.array(z.string()),
  /** Contact points that wait for their code, or are gone. */
  unusable: z.int(),
});
export type Reachability = z.infer<typeof Reachability>;
