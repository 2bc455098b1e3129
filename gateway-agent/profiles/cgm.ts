import { cgmExamples } from './cgm.examples.ts';
import { decodeCgmAnswer, encodeGetInterval } from './cgm-ops.ts';
import {
  type CgmFeature,
  type CgmSessionStart,
  decodeCgmFeature,
  decodeCgmRecords,
  decodeCgmRunTime,
  decodeCgmSessionStart,
  decodeCgmStatus,
  numberedCgmRecords,
  tellCgm,
} from './cgm-records.ts';
import { e2eCrc } from './crc.ts';
import { currentTimeClock, readOnly } from './current-time.ts';
import type { Decoded, FrameHeard, Profile, Said, Telling } from './profile.ts';

/** Assigned numbers. */
export const cgmUuids = {
  service: 0x181f,
  measurement: 0x2aa7,
  feature: 0x2aa8,
  status: 0x2aa9,
  sessionStart: 0x2aaa,
  sessionRunTime: 0x2aab,
  recordAccess: 0x2a52,
  specificOps: 0x2aac,
} as const;
const uuids = cgmUuids;

/**
 * Continuous Glucose Monitoring Profile. A sensor notifies 0x2AA7 at its interval and keeps what it could not send, which is asked for by
 * offset. Offsets count the minutes since the session began, 0x2AAA: without that a record has no time, so the start of the session and the
 * feature are kept with the frames.
 * Source: Bluetooth SIG GATT Specification Supplement; the order of the status octets as named in cgm-records.ts.
 */
export const continuousGlucose: Profile = {
  name: 'continuous-glucose',
  title: 'Continuous Glucose Monitoring',
  service: uuids.service,
  measurements: [{ characteristic: uuids.measurement, name: 'CGM Measurement', decode: decodeAlone, lasting: true }],
  reads: [
    { characteristic: uuids.feature, name: 'CGM Feature', decode: decodeCgmFeature, kept: true },
    { characteristic: uuids.sessionStart, name: 'CGM Session Start Time', decode: decodeCgmSessionStart, kept: true },
    { characteristic: uuids.sessionRunTime, name: 'CGM Session Run Time', decode: decodeCgmRunTime, kept: false },
    { characteristic: uuids.status, name: 'CGM Status', decode: decodeCgmStatus, kept: false },
  ],
  // the clock of a sensor is never set: its session is counted by it
  clocks: [readOnly(currentTimeClock)],
  records: {
    characteristic: uuids.recordAccess,
    name: 'Record Access Control Point',
    filter: 'time-offset',
    record: uuids.measurement,
    numbered: numberedCgmRecords,
    numbering: uuids.sessionStart,
    spacing: {
      characteristic: uuids.specificOps,
      name: 'CGM Specific Ops Control Point',
      request: intervalRequest,
      decode: intervalIn,
    },
  },
  gather,
  quirks: [],
  devices: [
    {
      name: 'Accu-Chek SmartGuide',
      says: 'standard CGM with the check; its session start is in UTC, zone 0',
      source: 'NightscoutFoundation/xDrip',
    },
  ],
  examples: cgmExamples,
};

/** A sensor that checks what it says wants to be asked so, too. */
function intervalRequest(reads: readonly FrameHeard[]): Uint8Array {
  const request = encodeGetInterval();
  if (!readsOf<CgmFeature>(reads, uuids.feature, decodeCgmFeature).at(-1)?.said.e2eCrc) return request;
  const crc = e2eCrc(request);
  return Uint8Array.of(...request, crc & 0xff, crc >> 8);
}

/** 0: the sensor measures only when it is asked. 255: as fast as it can. */
function intervalIn(bytes: Uint8Array): number | undefined {
  const answer = decodeCgmAnswer(bytes);
  if (!('said' in answer) || answer.said.is !== 'interval') return undefined;
  const { minutes } = answer.said;
  return minutes === 0 || minutes === 255 ? undefined : minutes;
}

/** Its records have no time by themselves. */
function decodeAlone(bytes: Uint8Array): Decoded {
  const records = decodeCgmRecords(bytes);
  return 'fault' in records ? records : { part: 'waits for the start of its session' };
}

function gather(frames: readonly FrameHeard[], over: boolean): Telling[] {
  const starts = readsOf<CgmSessionStart>(frames, uuids.sessionStart, decodeCgmSessionStart);
  const features = readsOf<CgmFeature>(frames, uuids.feature, decodeCgmFeature);
  return frames.flatMap(({ characteristic, bytes }, index): Telling[] => {
    const read = reads.get(characteristic)?.(bytes);
    if (read && 'fault' in read) return [{ of: [index], told: read }];
    if (characteristic !== uuids.measurement) return [];
    const records = decodeCgmRecords(bytes);
    if ('fault' in records) return [{ of: [index], told: records }];
    const start = nearest(starts, index);
    if (!start && !over) return [];
    const session = { start, feature: nearest(features, index) };
    return records.said.map((record) => ({
      of: [index],
      told: 'fault' in record ? record : tellCgm(record.said, session),
    }));
  });
}

const reads = new Map<number, (bytes: Uint8Array) => Said<unknown>>([
  [uuids.feature, decodeCgmFeature],
  [uuids.sessionStart, decodeCgmSessionStart],
]);

type At<T> = { index: number; said: T };

const readsOf = <T>(frames: readonly FrameHeard[], characteristic: number, decode: (bytes: Uint8Array) => Said<T>) =>
  frames.flatMap((frame, index): At<T>[] => {
    if (frame.characteristic !== characteristic) return [];
    const read = decode(frame.bytes);
    return 'said' in read ? [{ index, said: read.said }] : [];
  });

/** The last one before the frame; a frame that came before all of them belongs to the first. */
const nearest = <T>(reads: readonly At<T>[], index: number): T | undefined =>
  (reads.findLast((read) => read.index < index) ?? reads[0])?.said;
