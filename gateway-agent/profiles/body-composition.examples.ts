import type { Example } from './profile.ts';

const builtAfter = 'built after the Bluetooth SIG GATT Specification Supplement';

/** Frames of body composition scales, and what each visit says. */
export const bodyCompositionExamples: Example[] = [
  {
    characteristic: 0x2a9c,
    hex: '9803c200df1a9701cc2fca21a811',
    before: [{ characteristic: 0x2a9c, hex: '9803000096230000000000000000' }],
    says: 'zeros while it still measures, then 19.4 % fat',
    source: 'captures of a Beurer BF720 in KristianP26/ble-scale-sync',
    gives: [
      { fault: 'unfinished' },
      {
        measured: {
          panel: 'body-composition',
          values: [{ vital: 'body-fat', value: 19.4, unit: '%', decimals: 1 }],
          marks: [],
        },
      },
    ],
  },
  {
    characteristic: 0x2a9c,
    hex: '0210c200ea07050c123536',
    after: [{ characteristic: 0x2a9c, hex: '6014ffffe02e7031783e' }],
    says: 'in two frames: fat and time, then muscle, fat-free mass and weight',
    source: builtAfter,
    gives: {
      measured: {
        panel: 'body-composition',
        values: [
          { vital: 'body-fat', value: 19.4, unit: '%', decimals: 1 },
          { vital: 'fat-free-mass', value: 63.28, unit: 'kg', decimals: 2 },
          { vital: 'muscle-mass', value: 60, unit: 'kg', decimals: 2 },
          { vital: 'body-weight', value: 79.96, unit: 'kg', decimals: 2 },
        ],
        marks: [],
        deviceTime: '2026-05-12T18:53:54',
      },
    },
  },
  {
    characteristic: 0x2a9c,
    hex: '0210c200ea07050c123536',
    before: [{ characteristic: 0x2a9c, hex: '0210c200ea07050c123536' }],
    after: [{ characteristic: 0x2a9c, hex: '6014ffffe02e7031783e' }],
    says: 'in two frames, the first of them twice because its confirmation got lost',
    source: builtAfter,
    gives: {
      measured: {
        panel: 'body-composition',
        values: [
          { vital: 'body-fat', value: 19.4, unit: '%', decimals: 1 },
          { vital: 'fat-free-mass', value: 63.28, unit: 'kg', decimals: 2 },
          { vital: 'muscle-mass', value: 60, unit: 'kg', decimals: 2 },
          { vital: 'body-weight', value: 79.96, unit: 'kg', decimals: 2 },
        ],
        marks: [],
        deviceTime: '2026-05-12T18:53:54',
      },
    },
  },
  {
    characteristic: 0x2a9c,
    hex: '0210c200ea07050c123536',
    says: 'the first of two frames, and no second',
    source: builtAfter,
    gives: { fault: 'alone' },
  },
  {
    characteristic: 0x2a9c,
    hex: '0000ffff',
    says: 'the scale could not measure',
    source: builtAfter,
    gives: { fault: 'no-value' },
  },
  {
    characteristic: 0x2a9c,
    hex: '9803c200',
    says: 'cut short',
    source: 'KristianP26/ble-scale-sync, tests/scales/beurer-bf720.test.ts',
    gives: { fault: 'bytes-missing' },
  },
];
