import { randomBytes } from 'node:crypto';
import type { RevocationReason } from '#domain/homes.ts';
import { type DeviceId, type PatientId, SourceId } from '#domain/ids.ts';
import { instant } from '../clock.ts';
import type { Actor } from './actor.ts';
import { assignDevice, type Holding } from './assignments.ts';
import { audit } from './audit.ts';
import type { Records } from './connect.ts';
import { findRegistrations, registerDevice } from './devices.ts';
import { withdrawCodes } from './enrolment-codes.ts';
import { findSource, giveToken, listSources, newToken, registerSource, revokeSource } from './sources.ts';

/** What is done to sources and devices in one go, by the console and by `npm run home` alike. Times are ms since 1970 or RFC 3339. */

/** @param wish.id a name of one's own; else one that can be read out. @returns undefined where the name is taken. */
export async function addSource(
  records: Records,
  wish: { kind: 'gateway' | 'device'; id?: SourceId; by: Actor; now: number },
): Promise<SourceId | undefined> {
  const id = wish.id ?? newSourceId(wish.kind);
  const added = await registerSource(records, { id, kind: wish.kind, by: wish.by, at: instant(wish.now) });
  return added ? id : undefined;
}

/**
 * A token for a device that can do no certificate. Whatever it signed in with before, and codes that nobody used, are void.
 * @returns undefined where there is no such source, or it was revoked.
 */
export async function handOutToken(
  records: Records,
  { source, by, now }: { source: SourceId; by: Actor; now: number },
): Promise<string | undefined> {
  const token = newToken();
  return records.transaction().execute(async (db) => {
    await withdrawCodes(db, source);
    return (await giveToken(db, source, token, { at: instant(now), by })) ? token : undefined;
  });
}

/** For ever: it is let in no more, its codes enrol nobody, its live session ends within a minute. False where it was so before. */
export async function shutOut(
  records: Records,
  wish: { source: SourceId; by: Actor; now: number; reason?: RevocationReason },
): Promise<boolean> {
  const { source, by, now, reason } = wish;
  return records.transaction().execute(async (db) => {
    await withdrawCodes(db, source);
    return revokeSource(db, source, instant(now), by, reason);
  });
}

/** `before`: the source it was registered with, if any. `not-heard`, `heard-by-several`: nobody said through which source it comes. */
export type HandedOver =
  | { source: SourceId; before: SourceId | undefined }
  | { taken: Holding }
  | 'not-heard'
  | 'heard-by-several';

/**
 * The patient has the device. It comes through the source that is named; else the one it has; else itself, where it speaks MQTT; else
 * the only one that hears it.
 */
export async function handOver(
  records: Records,
  wish: {
    id: string;
    device: DeviceId;
    source?: SourceId;
    model?: string;
    patient: PatientId;
    userSlot: number | null;
    from: string;
    to?: string | null;
    by: Actor;
  },
): Promise<HandedOver> {
  const { device, model, by } = wish;
  const before = (await findRegistrations(records, [device])).get(device)?.source;
  const named = wish.source ?? before;
  const through = named === undefined ? await sourceThatHears(records, device) : { source: named };
  if (typeof through === 'string') return through;
  const { source } = through;
  return records
    .transaction()
    .execute(async (db): Promise<HandedOver> => {
      if (source !== before || model) await registerDevice(db, { id: device, source, model: model ?? null, by });
      const outcome = await assignDevice(db, wish);
      if (outcome === 'unknown-device') throw new Error('a device that was just registered is not there');
      if (outcome !== 'assigned') throw new Taken(outcome.taken);
      if (source !== before) await audit(db, { by, action: 'device-registered', device, source });
      return { source, before };
    })
    .catch((fault) => {
      if (fault instanceof Taken) return { taken: fault.holding };
      throw fault;
    });
}

/** Undoes the transaction: who cannot have the device does not move it either. */
class Taken extends Error {
  readonly holding: Holding;
  constructor(holding: Holding) {
    super('taken');
    this.holding = holding;
  }
}

const sourcesAtMost = 20_000;

async function sourceThatHears(
  records: Records,
  device: DeviceId,
): Promise<{ source: SourceId } | 'not-heard' | 'heard-by-several'> {
  const asSource = SourceId.safeParse(device);
  const itself = asSource.success ? await findSource(records, asSource.data) : undefined;
  if (itself) return { source: itself.id };
  const hearing = (await listSources(records, { limit: sourcesAtMost })).filter(
    ({ status, revokedAt }) => revokedAt === null && status?.devices?.some((heard) => heard.device === device),
  );
  const [only, second] = hearing;
  if (!only) return 'not-heard';
  return second ? 'heard-by-several' : { source: only.id };
}

/** 30 bits of chance in letters that can be read out; a name that is taken is refused by the records. */
function newSourceId(kind: 'gateway' | 'device'): SourceId {
  const letters = '0123456789abcdefghjkmnpqrstvwxyz';
  const chance = Array.from(randomBytes(6), (byte) => letters[byte & 31]).join('');
  return SourceId.parse(`${kind === 'gateway' ? 'gw' : 'dev'}-${chance}`);
}
