import type { Example } from './profile.ts';

/** Frames of glucose meters, and what each visit says. */
export const glucoseExamples: Example[] = [
  {
    characteristic: 0x2a18,
    hex: '030600e407040d10260a000078b0f1',
    says: '120 mg/dL, capillary whole blood',
    source: 'capture in dotintent/react-native-ble-plx issue 652',
    gives: {
      measured: {
        panel: 'glucose',
        values: [{ vital: 'glucose', value: 120, unit: 'mg/dL', decimals: 0 }],
        marks: [],
        deviceTime: '2020-04-13T16:38:10',
        sequence: 6,
      },
    },
  },
  {
    characteristic: 0x2a18,
    hex: '1b0f00e807011e053a1b53016fb0f80000',
    after: [{ characteristic: 0x2a34, hex: '020f0003' }],
    model: 'Accu-Chek Guide',
    says: '111 mg/dL with its context: fasting; the user has moved the clock by 339 minutes',
    source: 'capture in innoveit/react-native-ble-manager issue 1162; context built after the specification',
    gives: {
      measured: {
        panel: 'glucose',
        values: [{ vital: 'glucose', value: 111, unit: 'mg/dL', decimals: 0 }],
        marks: ['fasting'],
        deviceTime: '2024-01-30T11:37:27',
        sequence: 15,
      },
    },
  },
  {
    characteristic: 0x2a34,
    hex: '02040006',
    before: [{ characteristic: 0x2a18, hex: '120400ea0705010800000fb011' }],
    model: 'CareSens Dual',
    says: 'an i-SENS meter: 15 as glucose with meal 6 is 1.5 mmol/L of blood ketone',
    source: 'context in NightscoutFoundation/xDrip, ContextRx unit test; measurement built after the specification',
    gives: {
      measured: {
        panel: 'blood-ketone',
        values: [{ vital: 'ketone', value: 1.5, unit: 'mmol/L', decimals: 1 }],
        marks: [],
        deviceTime: '2026-05-01T08:00:00',
        sequence: 4,
      },
    },
  },
  {
    characteristic: 0x2a34,
    hex: '02040006',
    before: [{ characteristic: 0x2a18, hex: '120400ea0705010800000fb011' }],
    model: 'Accu-Chek Guide',
    says: 'the same from any other meter has a meaning that nobody gave us',
    source: 'NightscoutFoundation/xDrip, ContextRx unit test',
    gives: { fault: 'reserved-value' },
  },
  {
    characteristic: 0x2a18,
    hex: '060700ea07050108000006d01a',
    says: 'control solution, 6 mmol/L: marked, and about no patient',
    source: 'built after the Bluetooth SIG GATT Specification Supplement',
    gives: {
      measured: {
        panel: 'glucose',
        values: [{ vital: 'glucose', value: 108.096, unit: 'mg/dL', decimals: 0 }],
        marks: ['control-solution'],
        deviceTime: '2026-05-01T08:00:00',
        sequence: 7,
      },
    },
  },
  {
    characteristic: 0x2a18,
    hex: '0a0800ea070501080000fe07112000',
    says: '"HI" on the display: told as the limit, with the mark',
    source: 'built after the Bluetooth SIG GATT Specification Supplement; limits after the Tidepool uploader',
    gives: {
      measured: {
        panel: 'glucose',
        values: [{ vital: 'glucose', value: 600, unit: 'mg/dL' }],
        marks: ['above-measuring-range'],
        deviceTime: '2026-05-01T08:00:00',
        sequence: 8,
      },
    },
  },
  {
    characteristic: 0x2a18,
    hex: '020900ea070501080000ff0711',
    says: 'no number',
    source: 'built after the Bluetooth SIG GATT Specification Supplement',
    gives: { fault: 'no-value' },
  },
  {
    characteristic: 0x2a34,
    hex: '0209',
    says: 'a context cut short',
    source: 'built after the Bluetooth SIG GATT Specification Supplement',
    gives: { fault: 'bytes-missing' },
  },
];
