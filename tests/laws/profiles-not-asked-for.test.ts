import { describe, expect, it } from 'vitest';
import { profiles } from '../../gateway-agent/profiles/catalogue.ts';
import { toNumber } from '../../gateway-agent/profiles/ieee11073.ts';
import { tell } from '../../gateway-agent/profiles/tell.ts';
import { decodeWeight } from '../../gateway-agent/profiles/weight-scale.ts';
import cuffs from '../vectors/blood-pressure.json' with { type: 'json' };
import vectors from '../vectors/not-asked-for.json' with { type: 'json' };

/**
 * What is in the air beside the standard measurements: pressures of a cuff that is still deflating, protocols of vendors, advertisements, what
 * a scale knows of its user. None of it may become a reading.
 */
const bytes = (hex: string) => Buffer.from(hex, 'hex');
const measuring = (service: number) => {
  const profile = profiles.find((p) => p.service === service)!;
  return { profile, characteristics: profile.measurements.map((m) => m.characteristic) };
};
const toldAs = (service: number, characteristic: number, hex: string) =>
  tell(measuring(service).profile, [{ characteristic, bytes: bytes(hex), at: 0 }], true).map(({ told }) => told);

describe('what nobody asks for', () => {
  it('is asked for at no device', () => {
    const asked = profiles.flatMap((p) => [...p.measurements, ...p.reads].map((one) => one.characteristic));
    const [dateOfBirth, height, intermediate] = [0x2a85, 0x2a8e, 0x2a36];
    for (const characteristic of [dateOfBirth, height, intermediate]) expect(asked).not.toContain(characteristic);
    expect(vectors.userData.map((v) => v.characteristic.slice(0, 4))).toEqual(['2A85', '2A8E']);
  });

  for (const { hex, source } of cuffs.intermediate)
    it(`the pressure of a deflating cuff says nothing, even if it were heard: ${hex}, ${source}`, () =>
      expect(toldAs(0x1810, 0x2a36, hex)).toEqual([]));

  for (const { hex, source } of vectors.vendorBloodPressure)
    it(`a vendor's own blood pressure is no frame of the standard: ${hex}, ${source}`, () => {
      for (const characteristic of measuring(0x1810).characteristics)
        expect(toldAs(0x1810, characteristic, hex)).toEqual([{ fault: expect.stringMatching(/^bytes-/) }]);
    });

  for (const { hex, source } of vectors.compositionAdvertisement)
    it(`an advertised body composition is no frame of the standard: ${hex}, ${source}`, () =>
      expect(toldAs(0x181b, 0x2a9c, hex)).toEqual([{ fault: expect.any(String) }]));

  for (const { hex, source } of vectors.heartRateAdvertisement)
    it(`an advertised heart rate is no frame of the standard: ${hex}, ${source}`, () =>
      expect(toldAs(0x180d, 0x2a37, hex)).toEqual([{ fault: expect.any(String) }]));

  for (const { hex, expected, source } of vectors.weightAdvertisement)
    it(`an advertised weight has the layout of the standard, and is as heavy: ${hex}, ${source}`, () => {
      const decoded = decodeWeight(bytes(hex));
      const announcesItsTime = (bytes(hex)[0]! & 2) !== 0;
      if (!announcesItsTime) return expect(decoded).toEqual({ fault: 'bytes-left-over' });
      if ('fault' in decoded || !decoded.said.kg) return expect.fail('no weight');
      const kg = 'weightLb' in expected ? expected.weightLb! * 0.45359237 : expected.weightKg!;
      expect(toNumber(decoded.said.kg)).toBeCloseTo(kg, 9);
      if ('timestamp' in expected) expect(decoded.said.deviceTime).toBe(expected.timestamp);
    });
});
