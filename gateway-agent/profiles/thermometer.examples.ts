import type { Example } from './profile.ts';

/** Frames of thermometers, and what each says. */
export const thermometerExamples: Example[] = [
  {
    characteristic: 0x2a1c,
    hex: '06b00e00fedc070c050b321b04',
    says: '37.60 °C with the time of the thermometer',
    source: 'NordicSemiconductor/Android-BLE-Common-Library, TemperatureMeasurementDataCallbackTest',
    gives: {
      measured: {
        panel: 'body-temperature',
        values: [{ vital: 'body-temperature', value: 37.6, unit: 'Cel', decimals: 2 }],
        marks: [],
        deviceTime: '2012-12-05T11:50:27',
      },
    },
  },
  {
    characteristic: 0x2a1c,
    hex: '01da0300ff',
    says: '98.6 °F is 37 °C',
    source: 'built after the Bluetooth SIG GATT Specification Supplement',
    gives: {
      measured: {
        panel: 'body-temperature',
        values: [{ vital: 'body-temperature', value: 37, unit: 'Cel', decimals: 1 }],
        marks: [],
      },
    },
  },
  {
    characteristic: 0x2a1c,
    hex: '00ffff7f00',
    says: 'no number',
    source: 'built after the Bluetooth SIG GATT Specification Supplement',
    gives: { fault: 'no-value' },
  },
  {
    characteristic: 0x2a1c,
    hex: '06b00e00fedc070c050b321b0400',
    says: 'a byte too many',
    source: 'built after the Bluetooth SIG GATT Specification Supplement',
    gives: { fault: 'bytes-left-over' },
  },
];
