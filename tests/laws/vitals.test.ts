import { describe, expect, it } from 'vitest';
import { panelNames, panels, vitalNames, vitals, vitalsOf } from '#domain/vitals.ts';
import { unitsFor } from '../../dashboards/console/parts/shown.ts';
import { toMgPerDl } from '../../gateway-agent/profiles/glucose-units.ts';
import { quantity } from '../../gateway-agent/profiles/values.ts';

/** LOINC ends in a check digit: Luhn's, over the digits before the dash (LOINC Users' Guide, appendix C). */
function checkDigit(code: string): number {
  const digits = [...code.split('-')[0]!].reverse().map(Number);
  const sum = digits.reduce(
    (total, digit, i) => total + (i % 2 ? digit : digit * 2 > 9 ? digit * 2 - 9 : digit * 2),
    0,
  );
  return (10 - (sum % 10)) % 10;
}

describe.each(vitalNames)('the vital sign %s', (name) => {
  const vital = vitals[name];

  it('is measured by a panel', () => {
    expect(panelNames.filter((panel) => vitalsOf(panel).includes(name))).not.toEqual([]);
  });

  it('calls no value strange that it calls impossible', () => {
    const { hard, soft } = vital;
    expect(hard[0]).toBeLessThanOrEqual(soft[0]);
    expect(soft[0]).toBeLessThan(soft[1]);
    expect(soft[1]).toBeLessThanOrEqual(hard[1]);
  });

  it('has a name in both languages, and a code whose check digit is right', () => {
    expect(vital.name.en).toMatch(/^[A-Z]/);
    expect(vital.name.zh).toMatch(/^[\p{Script=Han}\d]+$/u);
    expect(Number(vital.loinc.split('-')[1])).toBe(checkDigit(vital.loinc));
    if ('mdc' in vital) expect(vital.mdc).toBeGreaterThan(0);
    expect(vital.decimals).toBeGreaterThanOrEqual(0);
  });

  it('has a name that is a field of the store and a label of a metric as it is', () => {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });
});

describe.each(panelNames)('the panel %s', (name) => {
  const panel = panels[name];

  it('needs something, and nothing twice', () => {
    expect(panel.required.length).toBeGreaterThan(0);
    expect(new Set(vitalsOf(name)).size).toBe(vitalsOf(name).length);
  });

  it('has a name in both languages, and a code whose check digit is right', () => {
    expect(panel.name.en).toMatch(/^[A-Z]/);
    expect(panel.name.zh).toMatch(/^\p{Script=Han}+$/u);
    expect(Number(panel.loinc.split('-')[1])).toBe(checkDigit(panel.loinc));
  });
});

describe('a value on the screen', () => {
  const [china, america] = [unitsFor('mmol/L'), unitsFor('mg/dL')];

  it('stands in the digits that the device gave, and in those of the catalogue where it gave none', () => {
    const { shown } = america;
    expect(shown('glucose', 101, 0)).toBe('101');
    expect(shown('body-temperature', 37, 2)).toBe('37.00');
    expect(shown('body-temperature', 37, 0)).toBe('37');
    expect(shown('systolic', 141.761718)).toBe('142');
    for (const name of vitalNames) expect(shown(name, 21)).toBe((21).toFixed(vitals[name].decimals));
  });

  it('in mmol/L is what a meter that measures in mmol/L showed, in its digits', () => {
    for (let tenths = 6; tenths <= 333; tenths += 1) {
      const { value, decimals } = quantity('glucose', toMgPerDl({ mantissa: tenths, exponent: -4 }, 'mol/L'));
      expect(china.shown('glucose', value, decimals)).toBe((tenths / 10).toFixed(1));
    }
    const { value, decimals } = quantity('glucose', toMgPerDl({ mantissa: 605, exponent: -5 }, 'mol/L'));
    expect(china.shown('glucose', value, decimals)).toBe('6.05');
    expect(china.shown('sensor-glucose', 70)).toBe('3.9');
    expect(china.shown('glucose', 180, 0)).toBe('10.0');
  });

  it('changes its unit only where it is glucose', () => {
    for (const name of vitalNames) {
      const changes = name === 'glucose' || name === 'sensor-glucose';
      expect(china.unitOf(name)).toBe(changes ? 'mmol/L' : vitals[name].unit);
      expect(america.unitOf(name)).toBe(vitals[name].unit);
      expect(america.inUnit(name, 90.08)).toBe(90.08);
      expect(china.inUnit(name, 90.08)).toBe(changes ? 5 : 90.08);
    }
  });

  it('says which way it lies where the device could measure no further', () => {
    expect(america.shown('glucose', 600, undefined, ['above-measuring-range'])).toBe('> 600');
    expect(china.shown('glucose', 20, undefined, ['below-measuring-range', 'fasting'])).toBe('< 1.1');
    expect(china.shown('glucose', 100, 0, ['above-measuring-range', 'below-measuring-range'])).toBe('5.6');
  });
});
