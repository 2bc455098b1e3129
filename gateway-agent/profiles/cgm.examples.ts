import type { Example } from './profile.ts';

const started = { characteristic: 0x2aaa, hex: 'ea070501080000' + '2000' };
const builtAfter = 'built after the Bluetooth SIG GATT Specification Supplement';

/** Frames of CGM sensors, and what each visit says. */
export const cgmExamples: Example[] = [
  {
    characteristic: 0x2aa7,
    hex: '0d4373002c010324001a003e04',
    before: [started],
    says: '115 mg/dL five hours into a session that began at 8:00, 8 hours ahead of UTC; its clock wants to be set',
    source: 'capture in NordicSemiconductor/Android-nRF-Connect issue 174; session start built after the specification',
    gives: {
      measured: {
        panel: 'continuous-glucose',
        values: [{ vital: 'sensor-glucose', value: 115, unit: 'mg/dL', decimals: 0 }],
        marks: ['clock-in-doubt'],
        deviceTime: '2026-05-01T13:00:00',
        zoneMinutes: 480,
        sequence: 300,
      },
    },
  },
  {
    characteristic: 0x2aa7,
    hex: '06000c10050006000c100600',
    before: [started],
    says: 'two records in one notification',
    source: 'NordicSemiconductor/Android-BLE-Common-Library, ContinuousGlucoseMeasurementDataCallbackTest',
    gives: [
      {
        measured: {
          panel: 'continuous-glucose',
          values: [{ vital: 'sensor-glucose', value: 120, unit: 'mg/dL', decimals: 0 }],
          marks: [],
          deviceTime: '2026-05-01T08:05:00',
          zoneMinutes: 480,
          sequence: 5,
        },
      },
      {
        measured: {
          panel: 'continuous-glucose',
          values: [{ vital: 'sensor-glucose', value: 120, unit: 'mg/dL', decimals: 0 }],
          marks: [],
          deviceTime: '2026-05-01T08:06:00',
          zoneMinutes: 480,
          sequence: 6,
        },
      },
    ],
  },
  {
    characteristic: 0x2aa7,
    hex: '08000c100600586f' + '06000c100700',
    before: [started],
    says: 'a wrong check costs its record and no other',
    source: 'NordicSemiconductor/Android-BLE-Common-Library; second record built after the specification',
    gives: [
      { fault: 'crc-wrong' },
      {
        measured: {
          panel: 'continuous-glucose',
          values: [{ vital: 'sensor-glucose', value: 120, unit: 'mg/dL', decimals: 0 }],
          marks: [],
          deviceTime: '2026-05-01T08:07:00',
          zoneMinutes: 480,
          sequence: 7,
        },
      },
    ],
  },
  {
    characteristic: 0x2aa7,
    hex: '072002080a0040',
    before: [started],
    says: '"LO": minus infinity with the warning that says so, told as the limit of sensors',
    source: builtAfter,
    gives: {
      measured: {
        panel: 'continuous-glucose',
        values: [{ vital: 'sensor-glucose', value: 40, unit: 'mg/dL' }],
        marks: ['below-measuring-range'],
        deviceTime: '2026-05-01T08:10:00',
        zoneMinutes: 480,
        sequence: 10,
      },
    },
  },
  {
    characteristic: 0x2aa7,
    hex: '06006e000500',
    says: 'a session of which nobody knows the start: no time and no number, only a value heard now',
    source: builtAfter,
    gives: {
      measured: {
        panel: 'continuous-glucose',
        values: [{ vital: 'sensor-glucose', value: 110, unit: 'mg/dL', decimals: 0 }],
        marks: [],
      },
    },
  },
  {
    characteristic: 0x2aa7,
    hex: '0743730000',
    before: [started],
    says: 'a size that the frame does not hold',
    source: builtAfter,
    gives: { fault: 'bytes-missing' },
  },
];
