import type { Mark } from '#domain/reading.ts';
import { crcHolds } from './crc.ts';
import { daylightSavingMinutes, timeZoneMinutes } from './current-time.ts';
import { type DeviceTime, laterBy, readDateTime } from './device-time.ts';
import { type Frame, readFrame } from './frame.ts';
import { sensorLimits } from './glucose-units.ts';
import type { Decimal, Special } from './ieee11073.ts';
import type { FrameFault, Said, Told } from './profile.ts';
import type { Cursor } from './racp.ts';
import { aboveZero, type BitMarks, bit, marksIn, quantity } from './values.ts';

/** One record of CGM Measurement 0x2AA7. Glucose in mg/dL, trend in mg/dL/min, quality in %. */
export type CgmRecord = {
  glucose: Decimal | Special;
  offsetMinutes: number;
  /** Sensor Status Annunciation, 24 bits: status, calibration and temperature, warning; octets not sent are 0. */
  status: number;
  trend?: Decimal | Special;
  quality?: Decimal | Special;
  crc: boolean;
};

/**
 * Several records may stand in one notification; each begins with its size, which counts itself. The octets of the status are announced by
 * flag bits 7 (status), 6 (calibration and temperature) and 5 (warning) and laid out in that order (Roche capture, Nordic's answer
 * to nRF-Connect issue 174). What is announced and its size tell whether two bytes of check follow. A fault of the layout is the whole
 * frame's, a wrong check only its record's.
 */
export function decodeCgmRecords(bytes: Uint8Array): Said<Said<CgmRecord>[]> {
  const records: Said<CgmRecord>[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = bytes[at]!;
    if (size < leastSize || at + size > bytes.length) return { fault: 'bytes-missing' };
    const record = decodeRecord(bytes.subarray(at, at + size));
    if ('fault' in record && record.fault !== 'crc-wrong') return record;
    records.push(record);
    at += size;
  }
  return records.length === 0 ? { fault: 'bytes-missing' } : { said: records };
}

/** Size, flags, glucose, offset. */
const leastSize = 6;

/**
 * The records of a frame by their offset; by all its bytes one is told from another. None, where they cannot be told apart. One whose check is
 * wrong has not arrived: its offset may be what is wrong, and the sensor still has it.
 */
export function numberedCgmRecords(bytes: Uint8Array): Cursor[] {
  const records = decodeCgmRecords(bytes);
  if ('fault' in records) return [];
  let at = 0;
  return records.said.flatMap((record) => {
    const own = bytes.subarray(at, at + bytes[at]!);
    at += own.length;
    return 'said' in record ? [{ number: record.said.offsetMinutes, witness: Buffer.from(own).toString('hex') }] : [];
  });
}

function decodeRecord(bytes: Uint8Array): Said<CgmRecord> {
  const frame = readFrame(bytes);
  frame.u8();
  const flags = frame.u8();
  const has = (n: number) => bit(flags, n);
  const glucose = frame.sfloat();
  const offsetMinutes = frame.u16();
  const status = readStatus(frame, has(7), has(6), has(5));
  const trend = has(0) ? frame.sfloat() : undefined;
  const quality = has(1) ? frame.sfloat() : undefined;
  const crc = frame.left() === 2;
  if (crc) frame.u16();
  const fault = frame.fault();
  if (fault) return { fault };
  if (crc && !crcHolds(bytes)) return { fault: 'crc-wrong' };
  return {
    said: {
      glucose,
      offsetMinutes,
      status,
      ...(trend === undefined ? {} : { trend }),
      ...(quality === undefined ? {} : { quality }),
      crc,
    },
  };
}

const readStatus = (frame: Frame, status: boolean, calibration: boolean, warning: boolean): number =>
  (status ? frame.u8() : 0) | ((calibration ? frame.u8() : 0) << 8) | ((warning ? frame.u8() : 0) << 16);

const annunciations: BitMarks = {
  0: 'session-stopped',
  1: 'battery-low',
  2: 'device-fault',
  3: 'device-fault',
  4: 'device-alert',
  5: 'device-fault',
  8: 'clock-in-doubt',
  10: 'calibration-needed',
  11: 'calibration-needed',
  12: 'outside-operating-temperature',
  13: 'outside-operating-temperature',
  16: 'below-low-limit',
  17: 'above-high-limit',
  18: 'below-hypo-limit',
  19: 'above-hyper-limit',
  20: 'falling-fast',
  21: 'rising-fast',
  22: 'below-measuring-range',
  23: 'above-measuring-range',
};

/** The session in which records are counted; what the feature says of its sample. */
export type CgmSession = { start: CgmSessionStart | undefined; feature: CgmFeature | undefined };

/**
 * What a record says. Its number is its offset, but only within a session that is known: the next session counts from 0 again, and then two
 * measurements would look like one.
 */
export function tellCgm(record: CgmRecord, { start, feature }: CgmSession): Told {
  if (feature?.e2eCrc && !record.crc) return { fault: 'crc-missing' };
  const marks: Mark[] = marksIn(record.status, annunciations);
  if (record.glucose === '+INFINITY' && !marks.includes('above-measuring-range')) marks.push('above-measuring-range');
  if (record.glucose === '-INFINITY' && !marks.includes('below-measuring-range')) marks.push('below-measuring-range');
  if (feature?.type === controlSolutionType || feature?.location === controlSolutionLocation)
    marks.push('control-solution');
  const number = aboveZero(record.glucose) ?? limitIn(marks);
  if (number === undefined) return { fault: 'no-value' };
  const deviceTime = start && laterBy(start.time, record.offsetMinutes);
  const zoneMinutes =
    start?.zoneMinutes === undefined || start.daylightSavingMinutes === undefined
      ? undefined
      : start.zoneMinutes + start.daylightSavingMinutes;
  return {
    measured: {
      panel: 'continuous-glucose',
      values: [quantity('sensor-glucose', number)],
      marks,
      ...(deviceTime === undefined ? {} : { deviceTime, sequence: record.offsetMinutes }),
      ...(deviceTime === undefined || zoneMinutes === undefined ? {} : { zoneMinutes }),
    },
  };
}

const controlSolutionType = 10;
const controlSolutionLocation = 4;

function limitIn(marks: readonly Mark[]): number | undefined {
  const [above, below] = [marks.includes('above-measuring-range'), marks.includes('below-measuring-range')];
  if (above === below) return undefined;
  return above ? sensorLimits.high : sensorLimits.low;
}

/** 0x2AA8. Bits as in the profile; the check field is always there, 0xFFFF where the sensor checks nothing. */
export type CgmFeature = { bits: number; e2eCrc: boolean; type: number; location: number };

export function decodeCgmFeature(bytes: Uint8Array): Said<CgmFeature> {
  const frame = readFrame(bytes);
  const bits = frame.u24();
  const sample = frame.u8();
  const crc = frame.u16();
  const fault = frame.fault();
  if (fault) return { fault };
  const e2eCrc = bit(bits, 12);
  if (e2eCrc ? !crcHolds(bytes) : crc !== 0xffff) return { fault: 'crc-wrong' };
  return { said: { bits, e2eCrc, type: sample & 0xf, location: sample >> 4 } };
}

/** 0x2AA9: as in a record, of now. */
export type CgmStatus = { offsetMinutes: number; status: number; marks: Mark[] };

export function decodeCgmStatus(bytes: Uint8Array): Said<CgmStatus> {
  return checked(bytes, 5, (frame) => {
    const offsetMinutes = frame.u16();
    const status = frame.u24();
    return { said: { offsetMinutes, status, marks: marksIn(status, annunciations) } };
  });
}

/** 0x2AAA: when offset 0 was, by the clock of its user, and how far that is ahead of UTC. */
export type CgmSessionStart = {
  time: DeviceTime;
  zoneMinutes: number | undefined;
  daylightSavingMinutes: number | undefined;
};

export function decodeCgmSessionStart(bytes: Uint8Array): Said<CgmSessionStart> {
  return checked<CgmSessionStart>(bytes, 9, (frame) => {
    const time = readDateTime(frame);
    const zone = timeZoneMinutes(frame.s8());
    const daylightSaving = daylightSavingMinutes(frame.u8());
    if (time === undefined) return { fault: 'impossible-time' };
    if (zone === 'reserved' || daylightSaving === 'reserved') return { fault: 'reserved-value' };
    return { said: { time, zoneMinutes: zone, daylightSavingMinutes: daylightSaving } };
  });
}

/** 0x2AAB: how long the sensor is meant to last. */
export const decodeCgmRunTime = (bytes: Uint8Array): Said<{ hours: number }> =>
  checked(bytes, 2, (frame) => ({ said: { hours: frame.u16() } }));

/** A value of so many bytes, with or without two bytes of check behind it. */
export function checked<T>(bytes: Uint8Array, size: number, read: (frame: Frame) => Said<T>): Said<T> {
  if (bytes.length !== size && bytes.length !== size + 2)
    return { fault: bytes.length < size ? 'bytes-missing' : ('bytes-left-over' satisfies FrameFault) };
  if (bytes.length === size + 2 && !crcHolds(bytes)) return { fault: 'crc-wrong' };
  return read(readFrame(bytes));
}
