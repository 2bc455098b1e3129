import type { ChannelView, Quiet, Reachability } from '#domain/contact.ts';
import type { ClinicianId, TeamId } from '#domain/ids.ts';
import { wholly } from './audit.ts';
import type { Within } from './connect.ts';
import { type ContactPoint, contactPointsOfAll } from './contact-points.ts';

/** By which channels somebody can be reached: those that are configured, and the addresses they have for them. */

/** The channels that are configured, as whoever sends said at its start. */
export async function pageChannels(db: Within): Promise<(ChannelView & { publicKey: string | null })[]> {
  const rows = await db.selectFrom('page_channel').selectAll().orderBy('name').execute();
  return rows.map((row) => ({
    channel: row.name,
    to: row.reaches,
    confidential: row.confidential,
    publicKey: row.public_key,
  }));
}

/** Replaces what stood there. */
export async function writePageChannels(
  records: Within,
  channels: readonly { name: string; reaches: ChannelView['to']; confidential: boolean; publicKey?: string }[],
): Promise<void> {
  await wholly(records, async (db) => {
    await db.deleteFrom('page_channel').execute();
    if (channels.length === 0) return;
    const rows = channels.map(({ name, reaches, confidential, publicKey }) => ({
      ...{ name, reaches, confidential, public_key: publicKey ?? null },
    }));
    await db.insertInto('page_channel').values(rows).execute();
  });
}

/** One way to somebody. `quiet`: when it is not to be used for what is not critical. */
export type Reach = { channel: string; quiet: Quiet | null };

/** The ways to each of them, by channels that are configured; nobody who may not be called any more has one. A room that many read is none. */
export async function reaches(db: Within, clinicians: readonly ClinicianId[]): Promise<Map<ClinicianId, Reach[]>> {
  if (clinicians.length === 0) return new Map();
  const channels = (await pageChannels(db)).filter(({ to }) => to !== 'group');
  const people = await db
    .selectFrom('clinician')
    .select('id')
    .where('id', 'in', clinicians)
    .where('disabled_at', 'is', null)
    .execute();
  const usable = (await contactPointsOfAll(db, clinicians)).filter((point) => point.usable);
  const points = Map.groupBy(usable, ({ clinician }) => clinician);
  return new Map(people.map(({ id }) => [id, waysTo(points.get(id) ?? [], channels)]));
}

/** Empty: nobody can reach them. */
export const reachableBy = async (db: Within, clinician: ClinicianId): Promise<Reach[]> =>
  (await reaches(db, [clinician])).get(clinician) ?? [];

/** Of the nurses and doctors of these teams; those whom nobody can reach first. */
export async function reachabilityIn(db: Within, teams: readonly TeamId[]): Promise<Reachability[]> {
  if (teams.length === 0) return [];
  const people = await db
    .selectFrom('clinician')
    .select(['id', 'name'])
    .where('disabled_at', 'is', null)
    .where('role', 'in', ['nurse', 'doctor'])
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('team_member')
          .select('team_id')
          .whereRef('team_member.clinician_id', '=', 'clinician.id')
          .where('team_id', 'in', teams),
      ),
    )
    .orderBy('id')
    .execute();
  const ids = people.map(({ id }) => id);
  if (ids.length === 0) return [];
  const ways = await reaches(db, ids);
  const unusable = (await contactPointsOfAll(db, ids)).filter((point) => !point.usable && point.removedAt === null);
  return people
    .map(({ id, name }) => ({
      clinician: { id, name },
      channels: [...new Set(ways.get(id)?.map(({ channel }) => channel))],
      unusable: unusable.filter(({ clinician }) => clinician === id).length,
    }))
    .sort((a, b) => Number(a.channels.length > 0) - Number(b.channels.length > 0));
}

const waysTo = (points: readonly ContactPoint[], channels: readonly ChannelView[]): Reach[] =>
  channels.flatMap(({ channel, to }) => [
    ...(to === 'email' || to === 'system' ? [{ channel, quiet: null }] : []),
    ...points.filter(({ kind }) => kind === to).map(({ quiet }) => ({ channel, quiet })),
  ]);
