import { DeviceId, SourceId } from '#domain/ids.ts';

/** Bluetooth addresses are taken as people write them: in small letters, with hyphens. */
export function deviceIn(text: string): DeviceId | undefined {
  const address = text.trim().toUpperCase().replaceAll('-', ':');
  return DeviceId.safeParse(/^([0-9A-F]{2}:){5}[0-9A-F]{2}$/.test(address) ? address : text.trim()).data;
}

/** What a filter names: a device by its Bluetooth address, else a source. Undefined: nothing can be called that. */
export function subjectIn(text: string): { source?: SourceId; device?: DeviceId } | undefined {
  if (text.trim() === '') return {};
  const device = deviceIn(text);
  if (device?.includes(':')) return { device };
  const source = SourceId.safeParse(text.trim().toLowerCase()).data;
  return source && { source };
}
