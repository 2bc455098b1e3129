import { Message, type MessageBus, sessionBus } from 'dbus-next';
import { describe, expect, it } from 'vitest';
import { createDbusRadio } from '../../gateway-agent/radio/dbus-radio.ts';
import { busKinds, radioRoom } from '../support/radio-room.ts';

const kinds = await busKinds();

/** Every message on the bus, from now on. @returns undefined where the bus has no such thing. */
async function monitor(busAddress: string) {
  const bus: MessageBus = sessionBus({ busAddress });
  const seen: Message[] = [];
  bus.on('message', (message) => seen.push(message));
  // what others are asked is none of our business to answer
  bus.addMethodHandler(() => true);
  await new Promise<void>((resolve) => bus.once('connect', resolve));
  const [destination, path] = ['org.freedesktop.DBus', '/org/freedesktop/DBus'];
  await bus.call(
    new Message({
      destination,
      path,
      interface: 'org.freedesktop.DBus.Monitoring',
      member: 'BecomeMonitor',
      signature: 'asu',
      body: [[], 0],
    }),
  );
  return { seen, close: () => bus.disconnect() };
}

describe('the radio on D-Bus', () => {
  const room = radioRoom(createDbusRadio);

  it('asks the bus for three match rules, and asks no object what it is, however many devices it visits', async () => {
    await room.begin(kinds[0]);
    await room.radio.close();
    const { seen, close } = await monitor(room.bus.address);
    room.closeLater(close);
    room.radio = room.listen();
    for (const n of [1, 2, 3, 4]) {
      const of = `AA:BB:CC:00:05:0${n}`;
      await room.measure(room.cuffWith({ address: of }), 120);
      await room.visit(of);
    }
    const calls = seen.filter(({ type }) => type === 1).map(({ member }) => member);
    expect(calls.filter((member) => member === 'StartNotify')).toHaveLength(4);
    expect(calls.filter((member) => member === 'AddMatch')).toHaveLength(3);
    expect(calls.filter((member) => member === 'Introspect')).toEqual([]);
    // and a whole visit costs the five calls that reach the device or are about it
    const perVisit = ['Connect', 'Pair', 'Set', 'StartNotify'];
    expect(perVisit.map((member) => calls.filter((one) => one === member).length)).toEqual([4, 4, 4, 4]);
  });
});
