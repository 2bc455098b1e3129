import { readFrame } from './frame.ts';
import type { Said } from './profile.ts';

/** Battery service. */
export const batteryUuids = { service: 0x180f, level: 0x2a19 } as const;

/** Battery Level 0x2A19: percent. Source: Bluetooth SIG GATT Specification Supplement. */
export function decodeBatteryLevel(bytes: Uint8Array): Said<{ percent: number }> {
  const frame = readFrame(bytes);
  const percent = frame.u8();
  const fault = frame.fault();
  if (fault) return { fault };
  return percent <= 100 ? { said: { percent } } : { fault: 'reserved-value' };
}
