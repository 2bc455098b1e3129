import { describe, expect, it } from 'vitest';
import {
  crc,
  encodeCgmFeature,
  encodeCgmRecord,
  encodeCgmStatus,
  encodeRunTime,
  encodeSessionStart,
} from '../../simulators/peripherals/frames/cgm.ts';
import { encodeGlucose, encodeGlucoseContext } from '../../simulators/peripherals/frames/glucose.ts';
import cgm from '../vectors/cgm.json' with { type: 'json' };
import glucose from '../vectors/glucose.json' with { type: 'json' };

/** What simulated meters and sensors send is, byte for byte, what real ones were seen to send. */
const hexes = (vectors: readonly { hex: string }[]) => vectors.map(({ hex }) => hex);
const hex = (bytes: Buffer) => bytes.toString('hex');

describe('a simulated meter', () => {
  it('sends the records that an Accu-Chek Guide and others sent', () => {
    const guide = { type: 'undetermined-plasma', location: 'unknown', status: [], contextFollows: true } as const;
    const sent = [
      encodeGlucose({
        ...guide,
        sequence: 15,
        baseTime: '2024-01-30T05:58:27',
        offsetMinutes: 339,
        concentration: { value: 111, unit: 'mg/dL' },
      }),
      encodeGlucose({
        ...guide,
        sequence: 4,
        baseTime: '2020-07-14T11:06:05',
        offsetMinutes: 602,
        concentration: { value: 119, unit: 'mg/dL' },
      }),
      encodeGlucose({
        sequence: 6,
        baseTime: '2020-04-13T16:38:10',
        offsetMinutes: 0,
        concentration: { value: 120, unit: 'mg/dL' },
        type: 'capillary-whole-blood',
        location: 'unknown',
      }),
    ];
    expect(hexes(glucose.measurement).slice(1)).toEqual(sent.map(hex));
  });

  it('sends the ketone context of an i-SENS meter', () => {
    expect(hexes(glucose.context)).toContain(hex(encodeGlucoseContext({ sequence: 4, meal: 'ketone' })));
  });

  it('writes an offset before the base time, and 5.6 mmol/L in mol/L', () => {
    const frame = encodeGlucose({
      sequence: 1,
      baseTime: '2026-01-01T00:00:00',
      offsetMinutes: -5,
      concentration: { value: 5.6, unit: 'mmol/L' },
    });
    expect(hex(frame)).toBe('070100ea0701010000' + '00fbff38c011');
  });
});

describe('a simulated sensor', () => {
  it('sends the records of the vectors, two in one notification, with and without the check', () => {
    expect(
      hex(
        encodeCgmRecord(
          {
            glucose: 115,
            offsetMinutes: 300,
            status: ['time-sync-required', 'calibration-not-allowed'],
            trend: undefined,
            quality: undefined,
          },
          false,
        ),
      ),
    ).toBe('07407300' + '2c0103');
    const [first, second] = [5, 6].map((offsetMinutes) => encodeCgmRecord({ glucose: 120, offsetMinutes }, false));
    // the vector writes 120 as 12 × 10
    expect(hex(Buffer.concat([first!, second!]))).toBe('060078000500' + '060078000600');
  });

  it('counts the check as the vectors do', () => {
    expect(crc(Buffer.from('123456789'))).toBe(0x6f91);
    for (const { hex, expected } of cgm.measurement)
      if ('crc' in expected) expect(crc(Buffer.from(hex, 'hex').subarray(0, -2))).toBe(expected.crc);
  });

  it('says what it is, how it is, when it began and how long it lasts as the vectors do', () => {
    const [checked, unchecked] = cgm.feature;
    expect(hex(encodeCgmFeature(checked!.expected.featuresRaw, 0x16, true))).toBe(checked!.hex);
    expect(hex(encodeCgmFeature(unchecked!.expected.featuresRaw, 0x16, false))).toBe(unchecked!.hex);
    expect(hexes(cgm.status)).toContain(
      hex(encodeCgmStatus(6, ['session-stopped', 'time-sync-required', 'below-patient-low'], false)),
    );
    const start = { time: '2018-04-24T13:08:24', zoneMinutes: 120, daylightSaving: 4 } as const;
    expect(hexes(cgm.sessionStart)).toContain(hex(encodeSessionStart(start, true)));
    expect(hexes(cgm.sessionRunTime)).toEqual([hex(encodeRunTime(2, true)), hex(encodeRunTime(2, false))]);
  });
});
