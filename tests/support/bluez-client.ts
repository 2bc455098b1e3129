import type { EventEmitter } from 'node:events';
import { Message, sessionBus, Variant } from 'dbus-next';

/** What happened on the bus, in its order: signals as they came, replies as they were waited for. */
export type Heard = { path: string; member: string; body: unknown[] };
type Shown = Record<string, Record<string, Variant>>;

/**
 * A bare D-Bus client of org.bluez, without node-ble between the test and the simulation: it calls methods and writes
 * down every signal.
 */
export async function connectToBluez(busAddress: string) {
  const bus = sessionBus({ busAddress });
  (bus as EventEmitter).on('error', () => {});
  const heard: Heard[] = [];
  const waiting = new Set<() => void>();
  const raw = async (
    destination: string,
    path: string,
    name: string,
    member: string,
    type = '',
    body: unknown[] = [],
  ) => (await bus.call(new Message({ destination, path, interface: name, member, signature: type, body })))?.body ?? [];
  bus.on('message', (message) => {
    if (message.type !== 4) return;
    heard.push({ path: message.path, member: message.member, body: message.body });
    for (const look of waiting) look();
  });
  const busName = 'org.freedesktop.DBus';
  for (const rule of [
    "type='signal',sender='org.bluez'",
    `type='signal',sender='${busName}',member='NameOwnerChanged',arg0='org.bluez'`,
  ])
    await raw(busName, '/org/freedesktop/DBus', busName, 'AddMatch', 's', [rule]);

  const { stream } = (bus as unknown as { _connection: { stream: EventEmitter } })._connection;
  const ended = new Promise<void>((resolve) => stream.once('close', () => resolve()));

  const client = {
    bus,
    /** Resolves when the bus has gone away. */
    ended,
    heard,
    call: (path: string, name: string, member: string, type?: string, body?: unknown[]) =>
      raw('org.bluez', path, name, member, type, body),
    objects: async () =>
      (await raw('org.bluez', '/', 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects'))[0] as Record<
        string,
        Shown
      >,
    property: async (path: string, name: string, property: string) => {
      const [value] = await raw('org.bluez', path, 'org.freedesktop.DBus.Properties', 'Get', 'ss', [name, property]);
      return (value as Variant).value;
    },
    /** Resolves with the first signal, from `since` on, that fits. */
    async until(fits: (one: Heard) => boolean, since = 0): Promise<Heard> {
      for (;;) {
        const found = heard.slice(since).find(fits);
        if (found) return found;
        await new Promise<void>((resolve) => {
          const look = () => {
            waiting.delete(look);
            resolve();
          };
          waiting.add(look);
        });
      }
    },
    /** Scans for service UUIDs on one adapter, as a gateway does. */
    async discover(adapter: string, uuids: readonly string[]) {
      const filter = {
        Transport: new Variant('s', 'le'),
        UUIDs: new Variant('as', uuids),
        DuplicateData: new Variant('b', true),
      };
      await client.call(`/org/bluez/${adapter}`, 'org.bluez.Adapter1', 'SetDiscoveryFilter', 'a{sv}', [filter]);
      await client.call(`/org/bluez/${adapter}`, 'org.bluez.Adapter1', 'StartDiscovery');
    },
    /** The path of the object below `device` with this UUID. */
    async characteristic(device: string, uuid: string): Promise<string> {
      const found = Object.entries(await client.objects()).find(
        ([path, shown]) =>
          path.startsWith(`${device}/`) && shown['org.bluez.GattCharacteristic1']?.UUID?.value === uuid,
      );
      if (!found) throw new Error(`no characteristic ${uuid} under ${device}`);
      return found[0];
    },
    /** Answers as Agent1 on this connection. @param passkey what the person at the gateway types. */
    async actAsAgent(passkey: () => number | Promise<number>) {
      const asked: string[] = [];
      bus.addMethodHandler((message) => {
        if (message.interface !== 'org.bluez.Agent1') return false;
        asked.push(message.member);
        if (message.member === 'RequestPasskey')
          void Promise.resolve(passkey()).then((digits) => bus.send(Message.newMethodReturn(message, 'u', [digits])));
        else bus.send(Message.newMethodReturn(message));
        return true;
      });
      await client.call('/org/bluez', 'org.bluez.AgentManager1', 'RegisterAgent', 'os', ['/agent', 'KeyboardDisplay']);
      return asked;
    },
    /** Asks everybody on the bus for a passkey, as if this were bluetoothd. @returns what was given. */
    async askEveryAgent(agent: string, device: string): Promise<unknown[]> {
      const [names] = await raw(busName, '/org/freedesktop/DBus', busName, 'ListNames');
      const given: unknown[] = [];
      for (const name of (names as string[]).filter((one) => one.startsWith(':') && one !== bus.name)) {
        const answer = raw(name, agent, 'org.bluez.Agent1', 'RequestPasskey', 'o', [device]);
        given.push(...(await answer.catch(() => [])));
      }
      return given;
    },
    close: () => bus.disconnect(),
  };
  await new Promise<void>((resolve) => (bus.name ? resolve() : bus.once('connect', resolve)));
  return client;
}

export type BluezClient = Awaited<ReturnType<typeof connectToBluez>>;

/** A PropertiesChanged of this object that names the property. */
export const changes = (path: string, property: string) => (one: Heard) =>
  one.path === path && one.member === 'PropertiesChanged' && property in (one.body[1] as object);

export const changedTo = (path: string, property: string, value: unknown) => (one: Heard) =>
  changes(path, property)(one) && (one.body[1] as Record<string, Variant>)[property]!.value === value;
