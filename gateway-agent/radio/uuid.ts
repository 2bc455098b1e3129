/** A 16-bit number assigned by the Bluetooth SIG as the 128-bit text that BlueZ uses: lower case, with dashes. */
export const sigUuid = (assigned: number): string =>
  `0000${assigned.toString(16).padStart(4, '0')}-0000-1000-8000-00805f9b34fb`;
