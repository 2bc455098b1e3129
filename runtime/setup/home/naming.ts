import { SetupFault } from '#domain/errors.ts';
import { DeviceId, type PatientId, SourceId } from '#domain/ids.ts';
import type { Words } from '#domain/words.ts';
import type { Within } from '../../records/connect.ts';
import { findPatientsByWord } from '../../records/homes.ts';
import { findSource, type Source } from '../../records/sources.ts';

/** From what people type to what is meant, or a sentence that says why not. */

export function sourceId(text: string): SourceId {
  const id = SourceId.safeParse(text);
  if (!id.success)
    throw new SetupFault(`"${text}" cannot name a source: use up to 64 small letters, digits and hyphens.`);
  return id.data;
}

export async function knownSource(db: Within, text: string): Promise<Source> {
  const source = await findSource(db, sourceId(text));
  if (!source)
    throw new SetupFault(`There is no source "${text}": "npm run home -- list" shows all, "register" adds one.`);
  return source;
}

/** Bluetooth addresses are taken as people write them: in small letters, with hyphens. */
export function deviceId(text: string): DeviceId {
  const address = text.toUpperCase().replaceAll('-', ':');
  const id = DeviceId.safeParse(/^([0-9A-F]{2}:){5}[0-9A-F]{2}$/.test(address) ? address : text);
  if (!id.success) throw new SetupFault(`"${text}" cannot name a device: say its Bluetooth address, or its own id.`);
  return id.data;
}

export async function knownPatient(db: Within, text: string): Promise<{ patient: PatientId; name: Words }> {
  const [found, second] = await findPatientsByWord(db, text, 2);
  if (!found)
    throw new SetupFault(`There is no patient "${text}": say the whole name, or the id that add-patient gave.`);
  if (second) throw new SetupFault(`Several patients are called "${text}": say the id that add-patient gave.`);
  return found;
}

export function userSlot(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,3}$/.test(text) || Number(text) > 254) throw new SetupFault(`"${text}" is no user slot: say 0 to 254.`);
  return Number(text);
}

/** A day, or a day and a time, in the zone of this machine; or RFC 3339. RFC 3339 in UTC comes out. */
export function instantIn(text: string): string {
  const local = /^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?$/.test(text);
  const universal = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const at = local ? new Date(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T')) : new Date(text);
  if (!(local || universal) || Number.isNaN(at.getTime()) || (local && !sameDay(at, text)))
    throw new SetupFault(
      `"${text}" is no time: write it as 2026-03-01, "2026-03-01 08:00" or 2026-03-01T08:00:00+08:00.`,
    );
  return at.toISOString();
}

/** The 30th of February is not the 2nd of March. */
const sameDay = (at: Date, text: string): boolean => at.getDate() === Number(text.slice(8, 10));

/** As it stands on this machine's clock, with its zone: `2026-03-01 08:00 (Asia/Shanghai)`. */
export function shownInstant(at: string): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  // the Swedish locale writes ISO 8601
  const text = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short' }).format(new Date(at));
  return `${text} (${zone})`;
}

export const bothNames = ({ en, zh }: Words): string => (en === zh ? en : `${zh} / ${en}`);
