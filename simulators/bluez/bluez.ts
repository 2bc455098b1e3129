import type { EventEmitter } from 'node:events';
import { Message, type MessageBus, sessionBus, type Variant } from 'dbus-next';
import { Outage, SetupFault } from '#domain/errors.ts';
import { type Clock, within } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import type { Health } from '#runtime/service.ts';
import { type Adapter, createAdapter } from './adapter.ts';
import { createAgents } from './agents.ts';
import type { Peripheral, PeripheralProfile } from './air.ts';
import { createObjectTree } from './objects.ts';
import { type Stack, type Timings, usualTimings } from './stack.ts';

/**
 * A simulated bluetoothd: `org.bluez` on a D-Bus of its own, central side, Low Energy only. Behaviour after the BlueZ 5.66
 * documentation and sources (src/device.c, adapter.c, gatt-client.c, gdbus/object.c) and traces of a real bluetoothd 5.66.
 * Passkey pairing and bonds follow the documents only.
 *
 * `stop` and `start` again are a restart of bluetoothd: clients' sessions are gone, bonds stay.
 */
export interface SimulatedBluez {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  start(): Promise<void>;
  stop(): Promise<void>;
  health(): Health;
  /** @param adapter `hci0`…: the one adapter that hears it. */
  addPeripheral(adapter: string, profile: PeripheralProfile): Peripheral;
  removePeripheral(adapter: string, peripheral: Peripheral): void;
  /** Pulled out of its socket: its links drop, and it and its devices go from the bus. Bonds stay. */
  unplug(adapter: string): void;
  plugIn(adapter: string): void;
  /** Answers nothing, as a daemon that is stuck or a machine that has too much to do. The answer lets it go on, with the first question first. */
  hang(): () => void;
}

export type SimulatedBluezConfig = { busAddress: string; adapters: readonly string[] } & Partial<Timings>;

const bus = 'org.freedesktop.DBus';
const objectManager = 'org.freedesktop.DBus.ObjectManager';
const doNotQueue = 4;
const primaryOwner = 1;
const startTimeoutMs = 10_000;
const stopTimeoutMs = 1_000;

export function createSimulatedBluez(
  { clock, random }: { clock: Clock; random: Random },
  { busAddress, adapters: adapterNames, ...timings }: SimulatedBluezConfig,
): SimulatedBluez {
  const tree = createObjectTree(clock);
  let connection: MessageBus | null = null;
  let lost: string | null = null;
  let unanswered: Message[] | null = null;

  const call = async (message: Message, timeoutMs: number): Promise<unknown[]> => {
    if (!connection) throw new Outage('bluetooth-away', 'The simulated Bluetooth service is not running.');
    const late = () => new Outage('bus-silent', 'No answer came over D-Bus in time.');
    const reply = await within(clock, timeoutMs, connection.call(message), late);
    return reply?.body ?? [];
  };
  const agents = createAgents((agent, member, type, body) => {
    tree.flush();
    const { sender: destination, path } = agent;
    const message = { destination, path, interface: 'org.bluez.Agent1', member, signature: type, body };
    return call(new Message(message), stack.timings.agentTimeoutMs);
  });
  const stack: Stack = { clock, random, tree, agents, timings: { ...usualTimings, ...timings } };

  const readProfiles = async (destination: string, path: string) => {
    const message = new Message({ destination, path, interface: objectManager, member: 'GetManagedObjects' });
    const [objects] = await call(message, stack.timings.agentTimeoutMs);
    const uuids = new Set<string>();
    for (const interfaces of Object.values(objects as Record<string, Record<string, Record<string, Variant>>>)) {
      const offered = interfaces['org.bluez.GattProfile1']?.UUIDs?.value as string[] | undefined;
      for (const uuid of offered ?? []) uuids.add(uuid.toLowerCase());
    }
    return uuids;
  };
  const adapters = new Map<string, Adapter>();
  for (const [index, name] of adapterNames.entries())
    adapters.set(name, createAdapter(stack, { name, address: adapterAddress(index), readProfiles }));

  const adapterNamed = (name: string): Adapter => {
    const adapter = adapters.get(name);
    if (!adapter) throw new SetupFault(`There is no simulated adapter ${name}: name it among the adapters.`);
    return adapter;
  };

  /** bluetoothd watches each client, and takes back what it asked for when it leaves the bus. */
  function watchClients(message: Message) {
    if (message.member !== 'NameOwnerChanged' || message.sender !== bus) return;
    const [client, , owner] = message.body as [string, string, string];
    if (owner !== '' || !client.startsWith(':')) return;
    agents.forget(client);
    for (const adapter of adapters.values()) adapter.clientGone(client);
  }

  async function start() {
    const opened = sessionBus({ busAddress });
    await within(
      clock,
      startTimeoutMs,
      new Promise<void>((resolve, reject) => {
        opened.once('connect', resolve);
        // the library's types leave out `error`, which it emits all the same
        (opened as EventEmitter).on('error', (cause) => {
          lost = 'the bus is gone';
          reject(new Outage('bus-away', 'The D-Bus of the simulation cannot be reached.', { retry: true, cause }));
        });
      }),
      () => new Outage('bus-silent', 'The D-Bus of the simulation does not answer.'),
    );
    connection = opened;
    lost = null;
    // the library keeps the end of its socket to itself
    (opened as unknown as { _connection: EventEmitter })._connection.once('end', busGone);
    const rule = `type='signal',sender='${bus}',member='NameOwnerChanged'`;
    const match = { destination: bus, path: '/org/freedesktop/DBus', interface: bus, member: 'AddMatch' };
    await call(new Message({ ...match, signature: 's', body: [rule] }), startTimeoutMs);
    opened.on('message', watchClients);
    opened.addMethodHandler((message) => {
      if (unanswered) unanswered.push(message);
      else tree.answer(message);
      return true;
    });
    show();
    if ((await opened.requestName('org.bluez', doNotQueue)) !== primaryOwner) {
      await stop();
      throw new SetupFault('Another Bluetooth service is on this D-Bus already: give the simulation a bus of its own.');
    }
    tree.carriedBy((message) => {
      try {
        opened.send(message);
      } catch {
        busGone(); // the socket knows it a moment earlier than its end is told
      }
    });

    function busGone() {
      if (connection !== opened) return;
      lost = 'the bus is gone';
      tree.carriedBy(null);
    }
  }

  /** The objects stand before the name is taken, so that the first client finds them all. */
  function show() {
    tree.add('/org/bluez', { 'org.bluez.AgentManager1': agents.managerInterface() });
    for (const adapter of adapters.values()) adapter.show();
  }

  async function stop() {
    tree.carriedBy(null);
    for (const adapter of adapters.values()) adapter.shutDown();
    agents.clear();
    tree.clear();
    const closing = connection;
    connection = null;
    if (!closing) return;
    // so that a start that follows at once finds the name free; on a dead bus nobody would answer
    const late = () => new Outage('bus-silent', 'The D-Bus of the simulation does not answer.');
    if (!lost) await within(clock, stopTimeoutMs, closing.releaseName('org.bluez'), late).catch(() => {});
    closing.disconnect();
  }

  return {
    name: 'bluetooth',
    clock,
    random,
    start,
    stop,
    health: () => {
      if (lost) return { state: 'down', detail: lost };
      return connection ? { state: 'ok' } : { state: 'down', detail: 'not started' };
    },
    addPeripheral: (adapter, profile) => adapterNamed(adapter).addPeripheral(profile),
    removePeripheral: (adapter, peripheral) => adapterNamed(adapter).removePeripheral(peripheral),
    unplug: (adapter) => adapterNamed(adapter).unplug(),
    plugIn: (adapter) => adapterNamed(adapter).show(),
    hang: () => {
      unanswered ??= [];
      return () => {
        const questions = unanswered ?? [];
        unanswered = null;
        for (const question of questions) tree.answer(question);
      };
    },
  };
}

/** 00:1A:7D is the prefix of the Cambridge Silicon Radio dongles that gateways are often built with. */
function adapterAddress(index: number): string {
  const last = (0x7113 + index).toString(16).toUpperCase();
  return `00:1A:7D:DA:${last.slice(0, 2)}:${last.slice(2)}`;
}
