import type { Example } from './profile.ts';

const builtAfter = 'built after the Bluetooth SIG GATT Specification Supplement';

/** Frames of oximeters, and what each says. One frame of the stream says nothing yet: a stable window of them does. */
export const pulseOximeterExamples: Example[] = [
  {
    characteristic: 0x2a5e,
    hex: '1761006000e10701010122132000200000',
    says: '97 %, pulse 96; poorly perfused, and the clock was never set',
    source: 'capture of a ChoiceMMed oximeter in Stack Overflow 71264072',
    gives: {
      measured: {
        panel: 'pulse-oximetry',
        values: [
          { vital: 'oxygen-saturation', value: 97, unit: '%', decimals: 0 },
          { vital: 'pulse-rate', value: 96, unit: '/min', decimals: 0 },
        ],
        marks: ['low-perfusion', 'clock-in-doubt'],
        deviceTime: '2017-01-01T01:34:19',
      },
    },
  },
  {
    characteristic: 0x2a5e,
    hex: '025f0050000004',
    says: 'a demonstration: marked, and about no patient',
    source: builtAfter,
    gives: {
      measured: {
        panel: 'pulse-oximetry',
        values: [
          { vital: 'oxygen-saturation', value: 95, unit: '%', decimals: 0 },
          { vital: 'pulse-rate', value: 80, unit: '/min', decimals: 0 },
        ],
        marks: ['demo'],
      },
    },
  },
  {
    characteristic: 0x2a5e,
    hex: '025f0050000080',
    says: 'the oximeter itself calls it invalid',
    source: builtAfter,
    gives: { fault: 'said-invalid' },
  },
  {
    characteristic: 0x2a5f,
    hex: '0c62004e002000000000',
    before: Array.from({ length: 15 }, () => ({ characteristic: 0x2a5f, hex: '0c62004e002000000000' })),
    says: 'a second of a stream, 98 % and pulse 78, which has been steady for 15 s: one reading',
    source: 'capture of a ChoiceMMed oximeter in Stack Overflow 71264072, repeated',
    gives: {
      measured: {
        panel: 'pulse-oximetry',
        values: [
          { vital: 'oxygen-saturation', value: 98, unit: '%', decimals: 0 },
          { vital: 'pulse-rate', value: 78, unit: '/min', decimals: 0 },
        ],
        marks: [],
      },
    },
  },
  {
    characteristic: 0x2a5f,
    hex: '0c62004e0020000000',
    says: 'a byte short',
    source: builtAfter,
    gives: { fault: 'bytes-missing' },
  },
];
