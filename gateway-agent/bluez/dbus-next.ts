import { createRequire } from 'node:module';

/** The D-Bus library, as the one CommonJS copy that node-ble itself uses: a Variant of another copy is refused. */
export const dbus = createRequire(import.meta.url)('dbus-next') as typeof import('dbus-next');
