import type { Objects, Properties } from '../bluez/bus.ts';

/**
 * Where the characteristics of all devices are on the bus, from what ObjectManager tells: nobody has to ask when a device is there again.
 * A service and the characteristics in it come and go in any order.
 */
export function createCharacteristics() {
  const tables = new Map<string, Table>();

  const add = (path: string, faces: Record<string, Properties>): void => {
    const service = faces[serviceFace];
    const characteristic = faces[characteristicFace];
    if (!service && !characteristic) return;
    const device = deviceOf(path);
    const table: Table = tables.get(device) ?? { services: new Map(), characteristics: new Map() };
    tables.set(device, table);
    delete table.byName;
    if (service) table.services.set(path, uuidOf(service));
    if (characteristic)
      table.characteristics.set(path, { uuid: uuidOf(characteristic), service: String(characteristic.Service) });
  };

  return {
    replace: (objects: Objects): void => {
      tables.clear();
      for (const [path, faces] of Object.entries(objects)) add(path, faces);
    },
    add,
    remove: (path: string): void => {
      const device = deviceOf(path);
      const table = tables.get(device);
      if (!table) return;
      delete table.byName;
      table.services.delete(path);
      table.characteristics.delete(path);
      if (table.services.size + table.characteristics.size === 0) tables.delete(device);
    },
    /** Of two that are called the same, the first on the device. */
    path: (device: string, service: string, characteristic: string): string | undefined => {
      const table = tables.get(device);
      if (!table) return undefined;
      table.byName ??= byName(table);
      return table.byName.get(`${service} ${characteristic}`);
    },
    at: (path: string): { device: string; service: string; characteristic: string } | undefined => {
      const device = deviceOf(path);
      const table = tables.get(device);
      const characteristic = table?.characteristics.get(path);
      const service = characteristic && table?.services.get(characteristic.service);
      return characteristic && service ? { device, service, characteristic: characteristic.uuid } : undefined;
    },
  };
}

type Table = {
  services: Map<string, string>;
  characteristics: Map<string, { uuid: string; service: string }>;
  /** Made when somebody asks, for a table changes in a burst. */
  byName?: Map<string, string>;
};

export const serviceFace = 'org.bluez.GattService1';
export const characteristicFace = 'org.bluez.GattCharacteristic1';

const uuidOf = ({ UUID }: Properties) => String(UUID).toLowerCase();

/** …/dev_XX_XX_XX_XX_XX_XX of …/dev_XX_XX_XX_XX_XX_XX/service000a/char000b. */
const deviceOf = (path: string): string => path.split('/', 5).join('/');

function byName({ services, characteristics }: Table): Map<string, string> {
  const paths = [...characteristics].sort(([one], [other]) => (one < other ? 1 : -1));
  return new Map(paths.map(([path, { uuid, service }]) => [`${services.get(service)} ${uuid}`, path]));
}
