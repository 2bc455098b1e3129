import type { Message, MessageBus } from 'dbus-next';
import { type Clock, within } from '#runtime/clock.ts';
import { RadioFault } from '../radio/radio.ts';
import { dbus } from './dbus-next.ts';
import { faultOf } from './faults.ts';

/**
 * One connection to the bus on which org.bluez lives: calls with a deadline, and what BlueZ says of its own accord as
 * events. Three match rules in all, whatever is connected.
 */
export type BluezBus = {
  readonly raw: MessageBus;
  /** Rejects with a RadioFault. */
  call(path: string, face: string, member: string, options?: CallOptions): Promise<unknown[]>;
  /** The same without a deadline: for those that put one around it by `bounded`. Never settles when the bus is gone. */
  ask(path: string, face: string, member: string, options?: Omit<CallOptions, 'ms'>): Promise<unknown[]>;
  /** Asks BlueZ for all its objects, which come as one event, at their place between the signals before and after them. */
  takeStock(): Promise<void>;
  /** A promise that may never settle, as those of `ask` and of node-ble. @param what stands in the text of the RadioFault. */
  bounded<T>(promise: Promise<T>, ms: number, what: string): Promise<T>;
  /** Whether this name on the bus is bluetoothd: whoever else calls us is a stranger. */
  isBluez(sender: string | undefined): boolean;
  /** Resolves with the reason when the connection is gone for good; a new bus must be opened then. */
  readonly lost: Promise<string>;
  close(): void;
};

export type CallOptions = { signature?: string; body?: unknown[]; ms?: number; destination?: string };

export type BluezEvent =
  | { kind: 'everything'; objects: Objects }
  | { kind: 'changed'; path: string; face: string; values: Properties; invalidated: string[] }
  | { kind: 'added'; path: string; faces: Record<string, Properties> }
  | { kind: 'removed'; path: string; faces: string[] }
  | { kind: 'bluetoothd'; present: boolean };

/** By path, by interface. */
export type Objects = Record<string, Record<string, Properties>>;
export type Properties = Record<string, unknown>;

export const callWithinMs = 5_000;
const openWithinMs = 5_000;

const bluez = 'org.bluez';
const daemon = { name: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus' };

/** @throws RadioFault `radio-away` when there is no bus to be had. @param busAddress absent: the system bus. */
export async function openBluezBus(
  clock: Clock,
  busAddress: string | undefined,
  adapterPath: string,
  hear: (event: BluezEvent) => void,
): Promise<BluezBus> {
  // systemBus() ignores an address it is given
  const raw = busAddress === undefined ? dbus.systemBus() : dbus.sessionBus({ busAddress });
  const { promise: lost, resolve: lose } = Promise.withResolvers<string>();
  let gone: RadioFault | undefined;
  const waiting = new Set<(fault: RadioFault) => void>();
  let close = () => {};
  /** The connection of bluetoothd. */
  let owner = '';
  const end = (reason: string) => {
    gone ??= new RadioFault('radio-away', `the D-Bus connection is gone: ${reason}`);
    lose(reason);
    close();
  };
  const connected = new Promise<void>((resolve) => raw.once('connect', () => resolve()));
  // without a listener the first hiccup of the bus ends the process; a refused match rule is an error event, too, and leaves it usable
  const emitter = raw as unknown as NodeJS.EventEmitter;
  emitter.on('error', (error: Error) => {
    if (raw.name === null || !stillOpen(raw)) end(error.message);
  });
  connectionOf(raw).on('end', () => end('closed by the other side'));
  close = () => {
    gone ??= new RadioFault('radio-away', 'the radio is closed');
    for (const reject of waiting) reject(gone);
    void connected.then(() => raw.disconnect());
    raw.disconnect();
  };

  const bounded = async <T>(promise: Promise<T>, ms: number, what: string): Promise<T> => {
    promise.catch(() => {}); // whoever loses the race must not become an unhandled rejection
    if (gone) throw gone;
    // not by a race with `lost`: a promise that lives for months keeps whatever ever raced with it
    const { promise: never, reject } = Promise.withResolvers<never>();
    never.catch(() => {});
    waiting.add(reject);
    try {
      return await within(
        clock,
        ms,
        Promise.race([promise, never]),
        () => new RadioFault('late', `${what}: no answer within ${ms} ms`),
      );
    } catch (thrown) {
      throw faultOf(thrown, what);
    } finally {
      waiting.delete(reject);
    }
  };

  const ask: BluezBus['ask'] = async (path, face, member, options = {}) => {
    const { signature = '', body = [], destination = bluez } = options;
    const reply = await raw.call(new dbus.Message({ destination, path, interface: face, member, signature, body }));
    return reply?.body ?? [];
  };
  const call: BluezBus['call'] = (path, face, member, { ms = callWithinMs, ...options } = {}) =>
    bounded(ask(path, face, member, options), ms, member);

  // the library resolves a promise with the reply, and that is later than the signals which came in the same breath behind it
  let stockSerial: number | undefined;
  const takeStock = async () => {
    const serial = raw.newSerial();
    stockSerial = serial;
    const question = {
      destination: bluez,
      path: '/',
      interface: objectManagerFace,
      member: 'GetManagedObjects',
      serial,
    };
    try {
      await bounded(
        Promise.resolve().then(() => raw.call(new dbus.Message(question))),
        callWithinMs,
        question.member,
      );
    } finally {
      if (stockSerial === serial) stockSerial = undefined;
    }
  };

  try {
    await bounded(connected, openWithinMs, 'opening the bus');
    raw.on('message', (message) => {
      if (message.type === dbus.MessageType.METHOD_RETURN && message.replySerial === stockSerial)
        return hear({ kind: 'everything', objects: plainObjects(message.body[0] as Objects) });
      if (message.type !== dbus.MessageType.SIGNAL) return;
      const event = eventIn(message, owner);
      if (!event) return;
      if (event.kind === 'bluetoothd') owner = message.body[2] as string;
      hear(event);
    });
    const rules = [
      `type='signal',sender='${bluez}',interface='${propertiesFace}',path_namespace='${adapterPath}'`,
      `type='signal',sender='${bluez}',interface='${objectManagerFace}'`,
      `type='signal',sender='${daemon.name}',member='NameOwnerChanged',arg0='${bluez}'`,
    ];
    for (const rule of rules)
      await call(daemon.path, daemon.name, 'AddMatch', { signature: 's', body: [rule], destination: daemon.name });
    const [present] = await call(daemon.path, daemon.name, 'NameHasOwner', {
      signature: 's',
      body: [bluez],
      destination: daemon.name,
    });
    if (present) {
      const [name] = await call(daemon.path, daemon.name, 'GetNameOwner', {
        signature: 's',
        body: [bluez],
        destination: daemon.name,
      });
      owner ||= name as string; // a newer one may have come meanwhile
    }
    const isBluez = (sender: string | undefined) => owner !== '' && sender === owner;
    return { raw, call, ask, takeStock, bounded, isBluez, lost, close };
  } catch (thrown) {
    close();
    throw faultOf(thrown, 'opening the bus');
  }
}

export const propertiesFace = 'org.freedesktop.DBus.Properties';
export const objectManagerFace = 'org.freedesktop.DBus.ObjectManager';

/** @param owner the connection of bluetoothd: signals that somebody else sends us in its name are not heard. */
function eventIn(message: Message, owner: string): BluezEvent | undefined {
  const { member, path, body, sender } = message;
  if (member === 'NameOwnerChanged' && sender === daemon.name)
    return body[0] === bluez ? { kind: 'bluetoothd', present: body[2] !== '' } : undefined;
  if (sender !== owner) return undefined;
  if (member === 'PropertiesChanged') {
    const [face, values, invalidated] = body as [string, Properties, string[]];
    return { kind: 'changed', path, face, values: plain(values), invalidated };
  }
  if (member === 'InterfacesAdded') {
    const [at, faces] = body as [string, Record<string, Properties>];
    return { kind: 'added', path: at, faces: plainFaces(faces) };
  }
  if (member === 'InterfacesRemoved') {
    const [at, faces] = body as [string, string[]];
    return { kind: 'removed', path: at, faces };
  }
  return undefined;
}

const plainObjects = (objects: Objects): Objects =>
  Object.fromEntries(Object.entries(objects).map(([path, faces]) => [path, plainFaces(faces)]));

const plainFaces = (faces: Record<string, Properties>): Record<string, Properties> =>
  Object.fromEntries(Object.entries(faces).map(([face, values]) => [face, plain(values)]));

/** Without the Variant around each value. */
const plain = (values: Properties): Properties =>
  Object.fromEntries(Object.entries(values).map(([name, variant]) => [name, (variant as { value: unknown }).value]));

/** The library tells the end of a connection on this inner emitter only. */
const connectionOf = (raw: MessageBus) =>
  (raw as unknown as { _connection: NodeJS.EventEmitter & { stream?: { writable: boolean } } })._connection;

const stillOpen = (raw: MessageBus): boolean => connectionOf(raw).stream?.writable === true;
