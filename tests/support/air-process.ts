import { systemClock } from '#runtime/clock.ts';
import { seededRandom } from '#runtime/random.ts';
import { createSimulatedBluez } from '../../simulators/bluez/bluez.ts';
import { createBloodPressureCuff } from '../../simulators/peripherals/blood-pressure-cuff.ts';

/**
 * A simulated bluetoothd with so many cuffs, as a process of its own: `node air-process.ts <bus address> <cuffs>`. The cuffs take no time for
 * anything, so that what is measured is what the radio takes. Each message from the parent is a list of addresses that measure now.
 */
const [busAddress, cuffs] = process.argv.slice(2);

const bluez = createSimulatedBluez(
  { clock: systemClock, random: seededRandom(1) },
  { busAddress: busAddress!, adapters: ['hci0'], advertisingIntervalMs: 20, disconnectLingerMs: 0 },
);
await bluez.start();
const byAddress = new Map(
  Array.from({ length: Number(cuffs) }, (_, n) => {
    const address = `AA:BB:CC:00:06:${n.toString(16).toUpperCase().padStart(2, '0')}`;
    const config = { adapter: 'hci0', address, connectMs: 0, discoverMs: 0, pairMs: 0, hangsUpAfterMs: 0 };
    return [address, createBloodPressureCuff(bluez, config)];
  }),
);
let measured = 0;
process.on('message', (measuring: string[]) => {
  // two equal measurements within a second are one to everybody
  for (const address of measuring)
    byAddress.get(address)?.measure({ systolic: 110 + (measured++ % 80), diastolic: 82 });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: [...byAddress.keys()] });
