import type { Interface } from './objects.ts';

/** Introspection XML as libdbus objects give it; node-ble learns every object's methods and signals from it. */
const doctype =
  '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">';

/** @param interfaces undefined for a path nobody exports: its node is empty but for the children, as libdbus answers. */
export function introspectionOf(
  path: string,
  interfaces: ReadonlyMap<string, Interface> | undefined,
  children: Iterable<string>,
): string {
  const parts: string[] = [];
  if (interfaces || path === '/') parts.push(introspectable);
  if (interfaces && path !== '/') {
    parts.push(properties);
    for (const [name, described] of interfaces) parts.push(interfaceXml(name, described));
  }
  if (path === '/') parts.push(objectManager);
  for (const child of children) parts.push(`<node name="${child}"/>`);
  return `${doctype}<node>${parts.join('')}</node>`;
}

/** The complete types of a signature: `oa{sv}` is `o` and `a{sv}`. */
export function typesIn(signature: string): string[] {
  const types: string[] = [];
  for (let start = 0; start < signature.length; ) {
    let end = start;
    while (signature[end] === 'a') end++;
    let depth = 0;
    do {
      if ('{('.includes(signature[end]!)) depth++;
      if ('})'.includes(signature[end]!)) depth--;
      end++;
    } while (depth > 0);
    types.push(signature.slice(start, end));
    start = end;
  }
  return types;
}

const args = (types: string[], direction: string) => types.map((type) => `<arg type="${type}"${direction}/>`).join('');
const method = (name: string, takes: string, gives: string) =>
  `<method name="${name}">${args(typesIn(takes), ' direction="in"')}${args(typesIn(gives), ' direction="out"')}</method>`;
const signal = (name: string, carries: string) => `<signal name="${name}">${args(typesIn(carries), '')}</signal>`;
const wrap = (name: string, members: string[]) => `<interface name="${name}">${members.join('')}</interface>`;

const introspectable = wrap('org.freedesktop.DBus.Introspectable', [method('Introspect', '', 's')]);
const properties = wrap('org.freedesktop.DBus.Properties', [
  method('Get', 'ss', 'v'),
  method('Set', 'ssv', ''),
  method('GetAll', 's', 'a{sv}'),
  signal('PropertiesChanged', 'sa{sv}as'),
]);
const objectManager = wrap('org.freedesktop.DBus.ObjectManager', [
  method('GetManagedObjects', '', 'a{oa{sa{sv}}}'),
  signal('InterfacesAdded', 'oa{sa{sv}}'),
  signal('InterfacesRemoved', 'oas'),
]);

const interfaceXml = (name: string, { methods, properties: owned }: Interface) =>
  wrap(name, [
    ...Object.entries(methods).map(([member, { takes, gives }]) => method(member, takes, gives)),
    ...Object.entries(owned).map(
      ([member, { type, write }]) =>
        `<property name="${member}" type="${type}" access="${write ? 'readwrite' : 'read'}"/>`,
    ),
  ]);
