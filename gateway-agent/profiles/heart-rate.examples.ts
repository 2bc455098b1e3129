import type { Example } from './profile.ts';

const second = { characteristic: 0x2a37, hex: '164d1603' };

/** Frames of heart rate straps, and what each says. */
export const heartRateExamples: Example[] = [
  {
    ...second,
    before: Array.from({ length: 30 }, () => second),
    says: 'a second of a stream, 77 with one interval of 771 ms, which has been steady for 30 s: one reading',
    source: 'capture of a Polar H7, e-learn.cn question 1013198, repeated',
    gives: {
      measured: {
        panel: 'heart-rate',
        values: [{ vital: 'heart-rate', value: 77, unit: '/min', decimals: 0 }],
        marks: [],
      },
    },
  },
  {
    ...second,
    says: 'one second alone says nothing yet',
    source: 'capture of a Polar H7, e-learn.cn question 1013198',
    gives: [],
  },
  {
    characteristic: 0x2a37,
    hex: '170101',
    says: 'announces beat intervals and has none',
    source: 'NordicSemiconductor/Android-BLE-Common-Library, HeartRateMeasurementDataCallbackTest',
    gives: { fault: 'bytes-missing' },
  },
];
