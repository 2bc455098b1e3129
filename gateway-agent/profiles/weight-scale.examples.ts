import type { Example } from './profile.ts';

/** Frames of scales, and what each says. */
export const weightScaleExamples: Example[] = [
  {
    characteristic: 0x2a9d,
    hex: '0e783eea07050c12353601ee002607',
    says: '79.96 kg, body mass index 23.8, 183 cm, user 1',
    source: 'capture of a Beurer BF720 in KristianP26/ble-scale-sync issue 168',
    gives: {
      measured: {
        panel: 'body-weight',
        values: [
          { vital: 'body-weight', value: 79.96, unit: 'kg', decimals: 2 },
          { vital: 'body-mass-index', value: 23.8, unit: 'kg/m2', decimals: 1 },
          { vital: 'body-height', value: 183, unit: 'cm', decimals: 1 },
        ],
        marks: [],
        deviceTime: '2026-05-12T18:53:54',
        userSlot: 1,
      },
    },
  },
  {
    characteristic: 0x2a9d,
    hex: '013a3e',
    says: '159.30 lb',
    source: 'built after the Bluetooth SIG GATT Specification Supplement',
    gives: {
      measured: {
        panel: 'body-weight',
        values: [{ vital: 'body-weight', value: 72.257264541, unit: 'kg', decimals: 2 }],
        marks: [],
      },
    },
  },
  {
    characteristic: 0x2a9d,
    hex: '00ffff',
    says: 'the scale could not measure',
    source: 'built after the Bluetooth SIG GATT Specification Supplement',
    gives: { fault: 'no-value' },
  },
  {
    characteristic: 0x2a9d,
    hex: '0e783eea07050c123536',
    says: 'announces a user and a height and has neither',
    source: 'capture of a Beurer BF720 in KristianP26/ble-scale-sync issue 168, cut short',
    gives: { fault: 'bytes-missing' },
  },
];
