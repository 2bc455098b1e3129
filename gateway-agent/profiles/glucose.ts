import { currentTimeClock, dateTimeClock } from './current-time.ts';
import { readFrame } from './frame.ts';
import { glucoseExamples } from './glucose.examples.ts';
import { decodeGlucoseContext, type GlucoseContext } from './glucose-context.ts';
import { decodeGlucoseRecord, type GlucoseRecord, ketoneMeters, tellGlucose } from './glucose-record.ts';
import type { Decoded, FrameHeard, Profile, Said, Telling } from './profile.ts';
import type { Cursor } from './racp.ts';
import { bit } from './values.ts';

/** Assigned numbers. */
export const glucoseUuids = {
  service: 0x1808,
  measurement: 0x2a18,
  context: 0x2a34,
  feature: 0x2a51,
  recordAccess: 0x2a52,
} as const;
const uuids = glucoseUuids;

/**
 * Glucose Profile. A meter sends nothing by itself: the records in its memory are asked for at its Record Access Control Point, and each
 * comes as a notification of 0x2A18, some followed by their context 0x2A34.
 * Source: Bluetooth SIG GATT Specification Supplement; captures and quirks as named beside them.
 */
export const glucose: Profile = {
  name: 'glucose',
  title: 'Glucose',
  service: uuids.service,
  measurements: [
    { characteristic: uuids.measurement, name: 'Glucose Measurement', decode: decodeAlone },
    { characteristic: uuids.context, name: 'Glucose Measurement Context', decode: decodeContextAlone },
  ],
  reads: [{ characteristic: uuids.feature, name: 'Glucose Feature', decode: decodeGlucoseFeature, kept: false }],
  clocks: [dateTimeClock(uuids.service), currentTimeClock],
  records: {
    characteristic: uuids.recordAccess,
    name: 'Record Access Control Point',
    filter: 'sequence-number',
    record: uuids.measurement,
    companion: { characteristic: uuids.context, announced: announcesContext, of: recordOf },
    numbered,
  },
  gather,
  quirks: [
    {
      models: ketoneMeters,
      says: 'meal 6 in the context means that the value is blood ketone: a tenth of its mg/dL is the mmol/L',
      source: 'NightscoutFoundation/xDrip',
    },
  ],
  devices: [
    {
      name: 'Accu-Chek Guide, Guide Me, Aviva Connect',
      says: "pair from the meter's menu; the six digits on its display are the passkey; asked only after bonding",
      source: 'NightscoutFoundation/xDrip issue 208, Tidepool uploader',
    },
    {
      name: 'Contour Next One',
      says: 'must hold a result before it connects; sends its whole memory unless asked for less',
      source: 'NightscoutFoundation/xDrip, Tidepool uploader',
    },
    { name: 'CareSens (i-SENS)', says: 'measures ketone too: see the quirk', source: 'NightscoutFoundation/xDrip' },
    {
      name: 'TaiDoc and Fora meters',
      says: 'newest record first; some have no clock that can be read; a full Fora adds a record of 2037, which is refused',
      source: 'NightscoutFoundation/xDrip, Tidepool uploader',
    },
  ],
  examples: glucoseExamples,
};

/** Sequence number and base time stand first in every record; by both, one is told from another. */
function numbered(bytes: Uint8Array): Cursor[] {
  const frame = readFrame(bytes.subarray(0, 10));
  frame.u8();
  const number = frame.u16();
  const witness = Buffer.from(bytes.subarray(3, 10)).toString('hex');
  return bytes.length < 10 ? [] : [{ number, witness }];
}

function announcesContext(bytes: Uint8Array): boolean {
  const record = decodeGlucoseRecord(bytes);
  return 'said' in record && record.said.contextFollows;
}

function recordOf(bytes: Uint8Array): number | undefined {
  const context = decodeGlucoseContext(bytes);
  return 'said' in context ? context.said.sequence : undefined;
}

function decodeAlone(bytes: Uint8Array, model?: string): Decoded {
  const record = decodeGlucoseRecord(bytes);
  if ('fault' in record) return record;
  return record.said.contextFollows ? { part: 'waits for its context' } : tellGlucose(record.said, undefined, model);
}

function decodeContextAlone(bytes: Uint8Array): Decoded {
  const context = decodeGlucoseContext(bytes);
  return 'fault' in context ? context : { part: 'belongs to a measurement' };
}

/**
 * A record is told with its context, or without when another record or the answer that ends the procedure comes first. A context whose
 * record is not the one before it belongs to nothing that we know.
 */
function gather(frames: readonly FrameHeard[], over: boolean): Telling[] {
  const tellings: Telling[] = [];
  let waiting: { of: number[]; record: GlucoseRecord; frame: FrameHeard } | undefined;
  const commit = (context?: { index: number; said: GlucoseContext }) => {
    if (!waiting) return;
    const of = context ? [...waiting.of, context.index] : waiting.of;
    tellings.push({ of, told: tellGlucose(waiting.record, context?.said, waiting.frame.model) });
    waiting = undefined;
  };

  for (const [index, frame] of frames.entries()) {
    if (frame.characteristic === uuids.recordAccess) commit();
    if (frame.characteristic === uuids.measurement) {
      if (waiting && Buffer.compare(waiting.frame.bytes, frame.bytes) === 0) {
        waiting.of.push(index);
        continue;
      }
      commit();
      const record = decodeGlucoseRecord(frame.bytes);
      if ('fault' in record) tellings.push({ of: [index], told: record });
      else waiting = { of: [index], record: record.said, frame };
      if (waiting && !waiting.record.contextFollows) commit();
    }
    if (frame.characteristic === uuids.context) {
      const context = decodeGlucoseContext(frame.bytes);
      if ('fault' in context) tellings.push({ of: [index], told: context });
      else if (waiting?.record.sequence === context.said.sequence) commit({ index, said: context.said });
      else tellings.push({ of: [index], told: { fault: 'alone' } });
    }
  }
  if (over) commit();
  return tellings;
}

/** 0x2A51: what the meter can tell. */
export type GlucoseFeature = Record<(typeof features)[number], boolean>;
const features = [
  'lowBattery',
  'malfunction',
  'sampleSize',
  'stripInsertion',
  'stripType',
  'resultHighLow',
  'temperatureHighLow',
  'readInterrupt',
  'deviceFault',
  'timeFault',
  'multipleBonds',
] as const;

export function decodeGlucoseFeature(bytes: Uint8Array): Said<GlucoseFeature> {
  const frame = readFrame(bytes);
  const field = frame.u16();
  const fault = frame.fault();
  if (fault) return { fault };
  return { said: Object.fromEntries(features.map((name, n) => [name, bit(field, n)])) as GlucoseFeature };
}
