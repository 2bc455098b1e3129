import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  currentTimeClock,
  daylightSavingMinutes,
  decodeLocalTime,
  decodeWholeCurrentTime,
  encodeCurrentTime,
  timeZoneMinutes,
} from '../../gateway-agent/profiles/current-time.ts';
import {
  countedMs,
  countedTime,
  decodeDateTime,
  encodeDateTime,
  laterBy,
} from '../../gateway-agent/profiles/device-time.ts';
import vectors from '../vectors/current-time.json' with { type: 'json' };

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const anyTime = fc
  .date({ min: new Date('1900-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 19));

describe('the clock of a device', () => {
  for (const { hex, expected } of vectors.dateTime)
    it(`Date Time ${hex}`, () => {
      const time = decodeDateTime(bytes(hex));
      if ('valid' in expected) return expect(time).toBeUndefined();
      expect(time).toBe(
        'dateTime' in expected ? expected.dateTime : `0000-00-00T${'time' in expected ? expected.time : ''}`,
      );
      expect(countedMs(time!)).toBe('dateTime' in expected ? Date.parse(`${expected.dateTime}Z`) : undefined);
    });
  for (const { hex, expected } of vectors.currentTime)
    it(`Current Time ${hex}`, () => {
      const { dateTime, dayOfWeek, fractions256, adjustReason } = expected;
      const [manually, fromReference] = [(adjustReason & 1) !== 0, (adjustReason & 2) !== 0];
      expect(decodeWholeCurrentTime(bytes(hex))).toEqual({
        said: {
          time: dateTime,
          dayOfWeek,
          fractions256,
          adjusted: { manually, fromReference, timeZone: false, daylightSaving: false },
        },
      });
      expect(currentTimeClock.decode(bytes(hex))).toBe(dateTime);
    });

  for (const { hex, expected } of vectors.timeZone)
    it(`Time Zone ${hex}`, () => {
      const minutes = timeZoneMinutes(bytes(hex).readInt8());
      if ('valid' in expected) return expect(minutes).toBe('reserved');
      expect(minutes).toBe(expected.offsetMinutes ?? undefined);
    });

  for (const { hex, expected } of vectors.dstOffset)
    it(`DST Offset ${hex}`, () => {
      const minutes = daylightSavingMinutes(bytes(hex).readUInt8());
      if ('valid' in expected) return expect(minutes).toBe('reserved');
      expect(minutes).toBe(expected.dstMinutes ?? undefined);
    });

  it('names its zone in steps of a quarter of an hour', () => {
    expect(decodeLocalTime(bytes('2004'))).toEqual({ said: { zoneMinutes: 480, daylightSavingMinutes: 60 } });
    expect(decodeLocalTime(bytes('17ff'))).toEqual({ said: { zoneMinutes: 345, daylightSavingMinutes: undefined } });
    expect(decodeLocalTime(bytes('3c00'))).toEqual({ fault: 'reserved-value' });
    expect(decodeLocalTime(bytes('20'))).toEqual({ fault: 'bytes-missing' });
  });

  it('reads back what was written into it', () => {
    fc.assert(
      fc.property(anyTime, (time) => {
        expect(decodeDateTime(encodeDateTime(time))).toBe(time);
        expect(currentTimeClock.decode(encodeCurrentTime(time))).toBe(time);
        expect(countedTime(countedMs(time)!)).toBe(time);
      }),
    );
  });

  it('is told the day of the week, from Monday 1 to Sunday 7', () => {
    const day = (time: string) => encodeCurrentTime(time)[7];
    expect([day('2026-05-12T18:53:43'), day('2026-05-17T00:00:00'), day('2026-05-18T00:00:00')]).toEqual([2, 7, 1]);
  });

  it('runs on over the end of a year, and nowhere when its date is unknown', () => {
    expect(laterBy('2025-12-31T23:50:00', 20)).toBe('2026-01-01T00:10:00');
    expect(laterBy('0000-04-17T20:41:59', 20)).toBeUndefined();
  });

  it('counts no day that does not exist', () => {
    expect(countedMs('2025-02-29T00:00:00')).toBeUndefined();
    expect(countedMs('2024-00-10T00:00:00')).toBeUndefined();
    expect(countedMs('2024-02-29T00:00:00')).toBe(Date.UTC(2024, 1, 29));
  });
});
