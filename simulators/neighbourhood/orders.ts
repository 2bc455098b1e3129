import { z } from 'zod';
import { EnrolmentCode } from '#domain/enrolment.ts';
import { SourceId } from '#domain/ids.ts';
import { Mark } from '#domain/reading.ts';
import { Words } from '#domain/words.ts';

/** What the neighbourhood tells its homes, and what the homes tell back, over the channel between the two processes. */
export const Order = z.discriminatedUnion('order', [
  z.object({
    order: z.literal('move-in'),
    /** Of the API and of the broker, for who lives on this machine. */
    url: z.string(),
    mqttUrl: z.string(),
    dataDir: z.string(),
    /** By source, for those that must enrol. */
    codes: z.record(z.string(), EnrolmentCode),
    /** Somebody has shut these out: their homes stay empty. */
    revoked: z.array(SourceId),
    /** ms since 1970: when the first start of this data folder was. */
    settledAt: z.number(),
    /** By device, ms since 1970: what lies before is known already. */
    historyFrom: z.record(z.string(), z.number()),
  }),
  z.object({
    order: z.literal('measure'),
    source: SourceId,
    systolic: z.number(),
    diastolic: z.number(),
    pulse: z.number(),
    marks: z.array(Mark),
  }),
  /** What the body of that resident gives just now. */
  z.object({ order: z.literal('measure-as-usual'), source: SourceId }),
  /** The device beside the cuff, where there is one that waits to be used. */
  z.object({ order: z.literal('use-further-device'), source: SourceId }),
  z.object({ order: z.literal('take-off-watch'), source: SourceId }),
]);
export type Order = z.infer<typeof Order>;

export const News = z.discriminatedUnion('news', [
  z.object({ news: z.literal('moving-in'), done: z.int(), of: z.int() }),
  z.object({ news: z.literal('moved-in'), bus: z.enum(['dbus-daemon', 'dbus-native']) }),
  z.object({ news: z.literal('measured'), source: SourceId, systolic: z.number(), diastolic: z.number() }),
  z.object({ news: z.literal('used'), source: SourceId, device: Words }),
  z.object({ news: z.literal('asked-to-measure-again'), source: SourceId }),
  z.object({ news: z.literal('cannot-move-in'), why: z.string() }),
]);
export type News = z.infer<typeof News>;
