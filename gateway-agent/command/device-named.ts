import { SetupFault } from '#domain/errors.ts';
import { DeviceId } from '#domain/ids.ts';
import type { Terminal } from './terminal.ts';

type Named = { device: string; name?: string | undefined };

const address = /^[0-9A-F]{2}(:[0-9A-F]{2}){5}$/;

/**
 * The device that is meant: by its whole Bluetooth address, known or not, or by any part of the address or name of one that is known or near.
 * @throws SetupFault when that fits none, or several.
 */
export function deviceNamed(terminal: Terminal, word: string, ...known: (readonly Named[])[]): DeviceId {
  const upper = word.toUpperCase();
  if (address.test(upper)) return DeviceId.parse(upper);
  const fitting = known
    .flat()
    .filter(({ device, name }) => device.includes(upper) || name?.toUpperCase().includes(upper))
    .map(({ device }) => device);
  const [only, ...others] = new Set(fitting);
  if (only && others.length === 0) return DeviceId.parse(only);
  throw new SetupFault(
    terminal.in(
      only
        ? {
            en: `"${word}" fits ${[only, ...others].join(', ')}: say more of the address.`,
            zh: `"${word}" 符合多台设备(${[only, ...others].join('、')})：请输入更完整的地址。`,
          }
        : {
            en: `"${word}" is no device known here: take one from "hearthbeat-gateway devices", or give its whole address, such as AA:BB:CC:00:00:01.`,
            zh: `没有名为 "${word}" 的设备：请从 "hearthbeat-gateway devices" 的列表中选择，或输入完整地址，例如 AA:BB:CC:00:00:01。`,
          },
    ),
  );
}
