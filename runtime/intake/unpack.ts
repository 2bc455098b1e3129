import { isUtf8 } from 'node:buffer';
import type { z } from 'zod';
import type { ReadingId, SourceId } from '#domain/ids.ts';
import { Reading, ReadingSeries, ReadingsEnvelope } from '#domain/reading.ts';
import { samplesOf } from '#domain/series.ts';
import type { JournalEntry } from '../journal.ts';
import { readingId } from '../reading-id.ts';

/**
 * One thing a source sent: a reading or a series that has the form of one, or something malformed. Nothing has been judged yet.
 * `refs` are those a receipt can name: one for a reading or a series, all that can be found for a message that is refused as a whole.
 */
export type Arrival = {
  source: SourceId;
  /** When it was journalled, ms since 1970. */
  receivedAt: number;
  refs: string[];
  /** What came, as it came. */
  payload: () => Buffer;
} & ({ told: Told } | { malformed: string });

/** A reading is a series of one sample. */
export type Told = { samples: ToldSample[]; series?: ReadingSeries };
/** `place`: its number in the series. */
export type ToldSample = { place: number; id: ReadingId; reading: Omit<Reading, 'ref'> };

/** Every reading and every series of a message by itself, so that a bad one spoils no other. */
export function unpackReadings({
  source,
  receivedAt,
  payload,
}: Pick<JournalEntry, 'source' | 'receivedAt' | 'payload'>): Arrival[] {
  const whole = { source, receivedAt, payload: () => payload };
  const parsed = parseJson(payload);
  if ('malformed' in parsed) return [{ ...whole, refs: [], malformed: parsed.malformed }];
  const envelope = ReadingsEnvelope.safeParse(parsed.json);
  if (!envelope.success) return [{ ...whole, refs: refsIn(parsed.json), malformed: faultIn(envelope.error) }];
  const { readings, series } = envelope.data;
  const arrivals = readings.map((piece) => arrivalOf(whole, piece, toldReading));
  for (const piece of series) arrivals.push(arrivalOf(whole, piece, toldSeries));
  return arrivals;
}

/** What was put into quarantine: a reading, a series, or a whole message. */
export function unpackQuarantined(kept: Pick<JournalEntry, 'source' | 'receivedAt' | 'payload'>): Arrival[] {
  const parsed = parseJson(kept.payload);
  const json = 'json' in parsed && typeof parsed.json === 'object' ? parsed.json : null;
  if (json === null || 'v' in json) return unpackReadings(kept);
  const { source, receivedAt, payload } = kept;
  const whole = { source, receivedAt, payload: () => payload };
  return [arrivalOf(whole, json, 'columns' in json ? toldSeries : toldReading)];
}

function arrivalOf(
  whole: Pick<Arrival, 'source' | 'receivedAt' | 'payload'>,
  piece: unknown,
  toldOf: (piece: unknown) => Told | z.ZodError | string,
): Arrival {
  const { source, receivedAt } = whole;
  const refs = refOf(piece);
  const payload = () => textOf(piece) ?? whole.payload();
  const told = toldOf(piece);
  if (typeof told !== 'string' && 'samples' in told) return { source, receivedAt, refs, payload, told };
  return { source, receivedAt, refs, payload, malformed: typeof told === 'string' ? told : faultIn(told) };
}

/**
 * Unpacks entries as they are wanted, some thousand readings at a time: one message of 64 KiB can hold 30,000 samples, so a part is counted in
 * what was unpacked.
 */
export function* inParts(
  entries: readonly JournalEntry[],
  arrivalsIn: (entry: JournalEntry) => Arrival[],
): Generator<Arrival[]> {
  let part: Arrival[] = [];
  let readings = 0;
  for (const entry of entries) {
    for (const arrival of arrivalsIn(entry)) {
      part.push(arrival);
      readings += 'told' in arrival ? arrival.told.samples.length : 1;
    }
    if (readings < readingsPerPart) continue;
    yield part;
    part = [];
    readings = 0;
  }
  if (part.length > 0) yield part;
}

/** One request to the vitals store, and some 5 ms at a time in which nothing else runs; twice as many cost as much and hold up the door three times as long. */
const readingsPerPart = 1_000;

function toldReading(piece: unknown): Told | z.ZodError {
  const { success, data, error } = Reading.safeParse(piece);
  if (!success) return error;
  // its ref stays where it is: a copy without it costs as much as its id
  return { samples: [{ place: 0, id: readingId(data), reading: data }] };
}

function toldSeries(piece: unknown): Told | z.ZodError | string {
  const { success, data, error } = ReadingSeries.safeParse(piece);
  if (!success) return error;
  const samples = samplesOf(data).map(({ place, reading }) => ({ place, id: readingId(reading), reading }));
  return samples.length === 0 ? 'columns: a series without a value' : { samples, series: data };
}

/** What a message says, or why nobody can read it; the words quote nothing of it. */
export function parseJson(payload: Buffer): { json: unknown } | { malformed: string } {
  if (!isUtf8(payload)) return { malformed: 'not UTF-8' };
  try {
    return { json: JSON.parse(payload.toString()) };
  } catch {
    return { malformed: 'not JSON' };
  }
}

/** Zod names the place and what was expected there, never the value. */
export function faultIn(error: z.ZodError): string {
  const issue = error.issues[0];
  return `${issue?.path.join('.') || 'message'}: ${issue?.message ?? 'invalid'}`.slice(0, 300);
}

function refsIn(json: unknown): string[] {
  const { readings, series } = (json ?? {}) as { readings?: unknown; series?: unknown };
  return [readings, series].flatMap((pieces) => (Array.isArray(pieces) ? pieces.flatMap(refOf) : []));
}

function refOf(piece: unknown): string[] {
  const ref = (piece as { ref?: unknown } | null)?.ref;
  return typeof ref === 'string' && Reading.shape.ref.safeParse(ref).success ? [ref] : [];
}

/** JSON that can be read is not always JSON that can be written: 30,000 brackets in each other fit into one message. */
function textOf(piece: unknown): Buffer | undefined {
  try {
    return Buffer.from(JSON.stringify(piece));
  } catch {
    return undefined;
  }
}
