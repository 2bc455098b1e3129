import type { Example } from './profile.ts';

/** Frames of blood pressure cuffs, and what each says. */
export const bloodPressureExamples: Example[] = [
  {
    characteristic: 0x2a35,
    hex: '167c0056006100e807060f11111b33000000',
    says: '124/86, mean 97, pulse 51, with the time of the cuff',
    source: 'derdilla/blood-pressure-monitor-fl, ble_measurement_data_test.dart',
    gives: {
      measured: {
        panel: 'blood-pressure',
        values: [
          { vital: 'systolic', value: 124, unit: 'mm[Hg]', decimals: 0 },
          { vital: 'diastolic', value: 86, unit: 'mm[Hg]', decimals: 0 },
          { vital: 'mean-arterial-pressure', value: 97, unit: 'mm[Hg]', decimals: 0 },
          { vital: 'pulse-rate', value: 51, unit: '/min', decimals: 0 },
        ],
        marks: [],
        deviceTime: '2024-06-15T17:17:27',
      },
    },
  },
  {
    characteristic: 0x2a35,
    hex: '15bdf00b009ff03c001200',
    says: '18.9/11 kPa, cuff too loose, pulse below its range, no time',
    source: 'NordicSemiconductor/Android-BLE-Common-Library, BloodPressureMeasurementDataCallbackTest',
    gives: {
      measured: {
        panel: 'blood-pressure',
        values: [
          { vital: 'systolic', value: 141.761718, unit: 'mm[Hg]', decimals: 0 },
          { vital: 'diastolic', value: 82.50682, unit: 'mm[Hg]', decimals: 0 },
          { vital: 'mean-arterial-pressure', value: 119.259858, unit: 'mm[Hg]', decimals: 0 },
          { vital: 'pulse-rate', value: 60, unit: '/min', decimals: 0 },
        ],
        marks: ['cuff-too-loose', 'pulse-below-range'],
      },
    },
  },
  {
    characteristic: 0x2a35,
    hex: 'de88f420f3ff07e4070113163700bcf2014401',
    says: 'Beurer BM96: tenths, no mean pressure, irregular pulse, reserved bits set',
    source: 'capture in Stack Overflow question 78176577',
    gives: {
      measured: {
        panel: 'blood-pressure',
        values: [
          { vital: 'systolic', value: 116, unit: 'mm[Hg]', decimals: 1 },
          { vital: 'diastolic', value: 80, unit: 'mm[Hg]', decimals: 1 },
          { vital: 'pulse-rate', value: 70, unit: '/min', decimals: 1 },
        ],
        marks: ['irregular-pulse'],
        deviceTime: '2020-01-19T22:55:00',
        userSlot: 1,
      },
    },
  },
  {
    characteristic: 0x2a35,
    hex: '56760050000000ea07080b141b00003c000004',
    model: 'BM85',
    says: 'Beurer BM85: pulse and status big-endian, a user byte without its flag',
    source: 'capture in derdilla/blood-pressure-monitor-fl, ble_measurement_data_test.dart',
    gives: {
      measured: {
        panel: 'blood-pressure',
        values: [
          { vital: 'systolic', value: 118, unit: 'mm[Hg]', decimals: 0 },
          { vital: 'diastolic', value: 80, unit: 'mm[Hg]', decimals: 0 },
          { vital: 'pulse-rate', value: 60, unit: '/min', decimals: 0 },
        ],
        marks: ['irregular-pulse'],
        deviceTime: '2026-08-11T20:27:00',
        userSlot: 0,
      },
    },
  },
  {
    characteristic: 0x2a35,
    hex: '56760050000000ea07080b141b00003c000004',
    says: 'the same bytes from any other model are not of this profile',
    source: 'capture in derdilla/blood-pressure-monitor-fl, ble_measurement_data_test.dart',
    gives: { fault: 'bytes-left-over' },
  },
  {
    characteristic: 0x2a35,
    hex: '03020304050607',
    says: 'announces a time and has none',
    source: 'NordicSemiconductor/Android-BLE-Common-Library, BloodPressureMeasurementDataCallbackTest',
    gives: { fault: 'bytes-missing' },
  },
  {
    characteristic: 0x2b34,
    hex: '5e78005000ff07805d95324600010400',
    says: 'enhanced: 120/80, seconds since 2000, pulse, user 1, irregular pulse',
    source: 'built after the Bluetooth SIG GATT Specification Supplement; no capture of a device is known to us',
    gives: {
      measured: {
        panel: 'blood-pressure',
        values: [
          { vital: 'systolic', value: 120, unit: 'mm[Hg]', decimals: 0 },
          { vital: 'diastolic', value: 80, unit: 'mm[Hg]', decimals: 0 },
          { vital: 'pulse-rate', value: 70, unit: '/min', decimals: 0 },
        ],
        marks: ['irregular-pulse'],
        deviceTime: '2026-11-22T08:00:00',
        userSlot: 1,
      },
    },
  },
  {
    characteristic: 0x2b34,
    hex: '0278005000ff07004e4d',
    says: 'enhanced: announces a time and has a part of one',
    source: 'built after the Bluetooth SIG GATT Specification Supplement',
    gives: { fault: 'bytes-missing' },
  },
];
