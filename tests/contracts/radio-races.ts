import { expect, it } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { uuid16 } from '../../simulators/bluez/air.ts';
import { bloodPressure, type CreateRadio, radioRoom } from '../support/radio-room.ts';
import { until } from '../support/until.ts';

const address = 'AA:BB:CC:00:05:01';

/** What the gateway expects of a Radio when two things happen at once, or somebody interferes. */
export function radioRaces(createRadio: CreateRadio): void {
  const room = radioRoom(createRadio);

  it('counts an answer that the device gave before it hung up, though both come in one breath', async () => {
    await room.begin(undefined, { sendsDisconnected: true });
    const kept: string[] = [];
    const peripheral = room.bluez.addPeripheral('hci0', {
      address,
      advertises: [bloodPressure],
      pairing: 'none',
      services: [
        {
          uuid: bloodPressure,
          characteristics: [
            {
              uuid: uuid16(0x2a08),
              flags: ['write'],
              write: (value, link) => {
                kept.push(value.toString('hex'));
                // the answer is written before the hang-up, and this process reads neither before the bus has both
                process.nextTick(() => {
                  link.disconnect();
                  stall(20);
                  systemClock.after(0, () => stall(250));
                });
              },
            },
          ],
        },
      ],
    });
    peripheral.startAdvertising();
    await room.heardOf(address);
    const link = await room.radio.connect(address, () => {});
    await link.write(bloodPressure, uuid16(0x2a08), Buffer.from('ea07', 'hex'));
    expect(kept).toEqual(['ea07']);
    expect(await link.ended).toBe('device');
  });
}

/** Holds this process up, as a machine does that has more to do than it can. */
function stall(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
