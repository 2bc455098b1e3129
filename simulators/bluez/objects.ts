import { Message, Variant } from 'dbus-next';
import type { Clock } from '#runtime/clock.ts';
import { answerTo } from './faults.ts';
import { introspectionOf } from './introspection.ts';

/**
 * The objects bluetoothd shows on the bus, with the manners of its gdbus library: changed properties are gathered until
 * the loop is idle and leave as one PropertiesChanged per interface, but always before any reply or other signal.
 * That is why a gateway can see Connected and ServicesResolved fall in one signal, or miss a quick drop altogether.
 */
export type Property = {
  /** D-Bus signature. */
  type: string;
  /** undefined: the property is absent at the moment. */
  read: () => unknown;
  /** @throws BluezFault */
  write?: (value: unknown) => void;
};
export type Method = {
  takes: string;
  gives: string;
  /** What it returns or resolves to is the reply. @throws BluezFault or AttFault. */
  run: (args: unknown[], sender: string) => unknown;
};
export type Interface = { properties: Record<string, Property>; methods: Record<string, Method> };

export interface ObjectTree {
  /** From here on messages leave through `send`; null while there is no bus. */
  carriedBy(send: ((message: Message) => void) | null): void;
  isCarried(): boolean;
  add(path: string, interfaces: Record<string, Interface>): void;
  addInterface(path: string, name: string, added: Interface): void;
  /** With everything below it, deepest first. */
  remove(path: string): void;
  removeInterface(path: string, name: string): void;
  /** @param when `now` as for characteristic values, `idle` as for everything else. */
  changed(path: string, name: string, property: string, when?: 'idle' | 'now'): void;
  flush(): void;
  signal(path: string, name: string, member: string, type: string, body: unknown[]): void;
  /** Answers a method call. */
  answer(call: Message): void;
  /** Forgets every object without a word, as a process that ends. */
  clear(): void;
}

const propertiesInterface = 'org.freedesktop.DBus.Properties';
const objectManager = 'org.freedesktop.DBus.ObjectManager';
const introspectable = 'org.freedesktop.DBus.Introspectable';
const dbusError = (name: string) => `org.freedesktop.DBus.Error.${name}`;

export const readOnly = (type: string, read: () => unknown): Property => ({ type, read });

export function createObjectTree(clock: Clock): ObjectTree {
  const objects = new Map<string, Map<string, Interface>>();
  const changes = new Map<string, Map<string, Set<string>>>();
  let send: ((message: Message) => void) | null = null;
  let cancelFlush: (() => void) | null = null;

  const emit = (path: string, name: string, member: string, type: string, body: unknown[]) =>
    send?.(Message.newSignal(path, name, member, type, body));

  const tree: ObjectTree = {
    carriedBy: (next) => {
      send = next;
    },
    isCarried: () => send !== null,

    add(path, interfaces) {
      objects.set(path, new Map(Object.entries(interfaces)));
      tree.signal('/', objectManager, 'InterfacesAdded', 'oa{sa{sv}}', [path, shownInterfaces(objects.get(path)!)]);
    },

    addInterface(path, name, added) {
      objects.get(path)?.set(name, added);
      tree.signal('/', objectManager, 'InterfacesAdded', 'oa{sa{sv}}', [path, { [name]: shownProperties(added) }]);
    },

    remove(path) {
      const below = [...objects.keys()].filter((other) => other.startsWith(`${path}/`));
      for (const gone of [...below.sort().reverse(), path]) {
        const interfaces = objects.get(gone);
        if (!interfaces) continue;
        objects.delete(gone);
        changes.delete(gone);
        const names = [...interfaces.keys(), propertiesInterface, introspectable];
        tree.signal('/', objectManager, 'InterfacesRemoved', 'oas', [gone, names]);
      }
    },

    removeInterface(path, name) {
      if (!objects.get(path)?.delete(name)) return;
      changes.get(path)?.delete(name);
      tree.signal('/', objectManager, 'InterfacesRemoved', 'oas', [path, [name]]);
    },

    changed(path, name, property, when = 'idle') {
      if (!objects.get(path)?.has(name)) return;
      const ofObject = changes.get(path) ?? new Map<string, Set<string>>();
      const ofInterface = ofObject.get(name) ?? new Set<string>();
      changes.set(path, ofObject.set(name, ofInterface.add(property)));
      if (when === 'now') tree.flush();
      else cancelFlush ??= clock.after(0, tree.flush);
    },

    flush() {
      cancelFlush?.();
      cancelFlush = null;
      const gathered = [...changes];
      changes.clear();
      for (const [path, ofObject] of gathered) {
        for (const [name, names] of ofObject) emitChanges(path, name, names);
      }
    },

    signal(path, name, member, type, body) {
      tree.flush();
      emit(path, name, member, type, body);
    },

    answer(call) {
      const reply = (type: string, body: unknown[]) => {
        tree.flush();
        send?.(Message.newMethodReturn(call, type, body));
      };
      const refuse = (name: string, text: string) => {
        tree.flush();
        send?.(Message.newError(call, name, text));
      };
      route(call, reply, refuse);
    },

    clear() {
      cancelFlush?.();
      cancelFlush = null;
      objects.clear();
      changes.clear();
    },
  };

  function emitChanges(path: string, name: string, names: Set<string>) {
    const owner = objects.get(path)?.get(name);
    if (!owner) return;
    const now: Record<string, Variant> = {};
    const invalidated: string[] = [];
    for (const property of names) {
      const { type, read } = owner.properties[property]!;
      const value = read();
      if (value === undefined) invalidated.push(property);
      else now[property] = new Variant(type, value);
    }
    emit(path, propertiesInterface, 'PropertiesChanged', 'sa{sv}as', [name, now, invalidated]);
  }

  type Reply = (type: string, body: unknown[]) => void;
  type Refuse = (name: string, text: string) => void;

  function route(call: Message, reply: Reply, refuse: Refuse) {
    const { path, member } = call;
    if (call.interface === introspectable) return reply('s', [introspectionOf(path, objects.get(path), below(path))]);
    if (call.interface === 'org.freedesktop.DBus.Peer') return reply('', []);
    if (call.interface === objectManager && path === '/' && member === 'GetManagedObjects') {
      const all = [...objects].map(([at, interfaces]) => [at, shownInterfaces(interfaces)]);
      return reply('a{oa{sa{sv}}}', [Object.fromEntries(all)]);
    }
    const object = objects.get(path);
    if (object && call.interface === propertiesInterface && routeProperty(object, call, reply, refuse)) return;
    const method = object?.get(call.interface)?.methods[member];
    if (!method || method.takes !== (call.signature ?? '')) {
      const text = `Method "${member}" with signature "${call.signature ?? ''}" on interface "${call.interface}" doesn't exist\n`;
      return refuse(dbusError(object ? 'UnknownMethod' : 'UnknownObject'), text);
    }
    run(method, call, reply, refuse);
  }

  function run(method: Method, call: Message, reply: Reply, refuse: Refuse) {
    const done = (value: unknown) => reply(method.gives, method.gives ? [value] : []);
    const fail = (thrown: unknown) => {
      const answer = answerTo(thrown);
      // anything else is a bug of the simulation: it must be heard and not look like an answer of BlueZ
      if (!answer) throw thrown;
      refuse(answer.type, answer.text);
    };
    try {
      const result = method.run(call.body ?? [], call.sender);
      if (result instanceof Promise) result.then(done, fail);
      else done(result);
    } catch (thrown) {
      fail(thrown);
    }
  }

  function routeProperty(object: Map<string, Interface>, call: Message, reply: Reply, refuse: Refuse): boolean {
    const [name, property, given] = call.body as [string, string, Variant];
    const owner = object.get(name);
    const invalid = (text: string) => refuse(dbusError('InvalidArgs'), text);
    if (!owner) invalid(`No such interface '${name}'`);
    else if (call.member === 'GetAll') reply('a{sv}', [shownProperties(owner)]);
    else if (call.member === 'Get') {
      const value = owner.properties[property]?.read();
      if (value === undefined) invalid(`No such property '${property}'`);
      else reply('v', [new Variant(owner.properties[property]!.type, value)]);
    } else if (call.member === 'Set') {
      const target = owner.properties[property];
      if (!target) invalid(`No such property '${property}'`);
      else if (!target.write) refuse(dbusError('PropertyReadOnly'), `Property '${property}' is not writable`);
      else if (given.signature !== target.type) invalid(`Invalid argument type: '${given.signature}'`);
      else run({ takes: '', gives: '', run: () => target.write!(given.value) }, call, reply, refuse);
    } else return false;
    return true;
  }

  function below(path: string): Set<string> {
    const prefix = path === '/' ? '/' : `${path}/`;
    const deeper = [...objects.keys()].filter((other) => other.startsWith(prefix) && other !== path);
    return new Set(deeper.map((other) => other.slice(prefix.length).split('/')[0]!));
  }

  return tree;
}

function shownProperties({ properties }: Interface): Record<string, Variant> {
  const shown: Record<string, Variant> = {};
  for (const [name, { type, read }] of Object.entries(properties)) {
    const value = read();
    if (value !== undefined) shown[name] = new Variant(type, value);
  }
  return shown;
}

function shownInterfaces(interfaces: ReadonlyMap<string, Interface>): Record<string, Record<string, Variant>> {
  const shown: Record<string, Record<string, Variant>> = { [propertiesInterface]: {}, [introspectable]: {} };
  for (const [name, described] of interfaces) shown[name] = shownProperties(described);
  return shown;
}
