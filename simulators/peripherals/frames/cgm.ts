import { encodeDateTime, type Special, sfloat, u8, u16, u24 } from './fields.ts';

/**
 * Encodes what a continuous glucose sensor says: CGM Measurement 0x2AA7, Feature 0x2AA8, Status 0x2AA9, Session Start Time 0x2AAA, Session Run
 * Time 0x2AAB. Layout after the Bluetooth SIG GATT Specification Supplement; the octets of the status in the order status, calibration and
 * temperature, warning (capture of a Roche sensor, NordicSemiconductor/Android-nRF-Connect issue 174).
 */
export type CgmRecordFrame = {
  /** mg/dL; whole, unless `tenths`. */
  glucose: number | Special;
  tenths?: boolean;
  /** Minutes since the session began. */
  offsetMinutes: number;
  status?: readonly SensorStatus[];
  /** mg/dL per minute, tenths. */
  trend?: number;
  /** Percent, tenths. */
  quality?: number;
};

const statusBits = {
  'session-stopped': 0,
  'battery-low': 1,
  'wrong-sensor': 2,
  'sensor-malfunction': 3,
  'device-alert': 4,
  'general-fault': 5,
  'time-sync-required': 8,
  'calibration-not-allowed': 9,
  'calibration-recommended': 10,
  'calibration-required': 11,
  'too-warm': 12,
  'too-cold': 13,
  'below-patient-low': 16,
  'above-patient-high': 17,
  'below-hypo': 18,
  'above-hyper': 19,
  'falling-fast': 20,
  'rising-fast': 21,
  'result-low': 22,
  'result-high': 23,
} as const;
export type SensorStatus = keyof typeof statusBits;

const bitsOf = (status: readonly SensorStatus[]): number =>
  status.reduce((bits, word) => bits | (1 << statusBits[word]), 0);

/** One record; several may stand behind one another in a notification. An octet of the status without a bit is not sent. */
export function encodeCgmRecord(frame: CgmRecordFrame, e2eCrc: boolean): Buffer {
  const bits = bitsOf(frame.status ?? []);
  // bit of the flags that announces the octet, octet
  const octets = [
    [7, bits & 0xff],
    [6, (bits >> 8) & 0xff],
    [5, (bits >> 16) & 0xff],
  ].filter(([, octet]) => octet !== 0);
  const flags =
    octets.reduce((all, [announcedBy]) => all | (1 << announcedBy!), 0) |
    (frame.trend === undefined ? 0 : 1 << 0) |
    (frame.quality === undefined ? 0 : 1 << 1);
  const body = Buffer.concat([
    u8(flags),
    sfloat(frame.glucose, frame.tenths ? -1 : 0),
    u16(frame.offsetMinutes),
    ...octets.map(([, octet]) => u8(octet!)),
    ...(frame.trend === undefined ? [] : [sfloat(frame.trend, -1)]),
    ...(frame.quality === undefined ? [] : [sfloat(frame.quality, -1)]),
  ]);
  const size = 1 + body.length + (e2eCrc ? 2 : 0);
  return withCrc(Buffer.concat([u8(size), body]), e2eCrc);
}

/** Bit 12 says that everything carries the check; without it the check of this one frame is 0xFFFF. */
export function encodeCgmFeature(bits: number, sample: number, e2eCrc: boolean): Buffer {
  const body = Buffer.concat([u24(e2eCrc ? bits | (1 << 12) : bits & ~(1 << 12)), u8(sample)]);
  return Buffer.concat([body, u16(e2eCrc ? crc(body) : 0xffff)]);
}

export const encodeCgmStatus = (offsetMinutes: number, status: readonly SensorStatus[], e2eCrc: boolean): Buffer =>
  withCrc(Buffer.concat([u16(offsetMinutes), u24(bitsOf(status))]), e2eCrc);

/** @param time `2026-08-11T20:27:00` by the clock of the zone. Zone in steps of 15 minutes, daylight saving as in 0x2A0D. */
export const encodeSessionStart = ({ time, zoneMinutes, daylightSaving }: SessionStartFrame, e2eCrc: boolean): Buffer =>
  withCrc(Buffer.concat([encodeDateTime(time), u8(zoneMinutes / 15), u8(daylightSaving)]), e2eCrc);
export type SessionStartFrame = { time: string; zoneMinutes: number; daylightSaving: 0 | 2 | 4 | 8 };

export const encodeRunTime = (hours: number, e2eCrc: boolean): Buffer => withCrc(u16(hours), e2eCrc);

export const withCrc = (body: Buffer, e2eCrc: boolean): Buffer =>
  e2eCrc ? Buffer.concat([body, u16(crc(body))]) : body;

/** CRC-16/MCRF4XX: polynomial 0x1021 reflected, begins with 0xFFFF; 0x6F91 over "123456789". */
export function crc(bytes: Uint8Array): number {
  let value = 0xffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x8408 : value >>> 1;
  }
  return value;
}
