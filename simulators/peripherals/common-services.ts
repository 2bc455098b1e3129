import { type Characteristic, type GattService, uuid16 } from '../bluez/air.ts';

/** Device Information 0x180A: what stands on the label. UTF-8 strings. */
export function deviceInformation(label: {
  manufacturer: string;
  model: string;
  serial: string;
  firmware: string;
}): GattService {
  const text = (assigned: number, value: string): Characteristic => ({
    uuid: uuid16(assigned),
    flags: ['read'],
    read: () => Buffer.from(value, 'utf8'),
  });
  return {
    uuid: uuid16(0x180a),
    characteristics: [
      text(0x2a29, label.manufacturer),
      text(0x2a24, label.model),
      text(0x2a25, label.serial),
      text(0x2a26, label.firmware),
    ],
  };
}

/** Battery 0x180F with Battery Level 0x2A19, percent. */
export const batteryService = (percent: () => number): GattService => ({
  uuid: uuid16(0x180f),
  characteristics: [{ uuid: uuid16(0x2a19), flags: ['read', 'notify'], read: () => Buffer.from([percent()]) }],
});
