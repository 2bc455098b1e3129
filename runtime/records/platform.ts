import { sql } from 'kysely';
import type { ComponentView, PlatformAlert } from '#domain/platform.ts';
import { instant } from '../clock.ts';
import type { Within } from './connect.ts';

/** What processes say of their components, and the alerts that came of it. */

export type Said = Omit<ComponentView, 'process' | 'at'>;

/** Everything a process has to say; what it said before is forgotten. @param at ms since 1970 */
export async function sayComponents(db: Within, process: string, said: readonly Said[], at: number): Promise<void> {
  if (said.length > 0)
    await db
      .insertInto('platform_component')
      .values(said.map((one) => ({ ...one, process, at: instant(at) })))
      .onConflict((conflict) =>
        conflict.columns(['process', 'component']).doUpdateSet((eb) => ({
          state: eb.ref('excluded.state'),
          trouble: eb.ref('excluded.trouble'),
          detail: eb.ref('excluded.detail'),
          at: eb.ref('excluded.at'),
        })),
      )
      .execute();
  const names = said.map((one) => one.component);
  await db
    .deleteFrom('platform_component')
    .where('process', '=', process)
    .where((eb) => (names.length > 0 ? eb('component', 'not in', names) : eb.lit(true)))
    .execute();
}

export async function listComponents(db: Within): Promise<ComponentView[]> {
  const rows = await db.selectFrom('platform_component').selectAll().orderBy('component').orderBy('process').execute();
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

/** When each process spoke last, ms since 1970. */
export async function lastWords(db: Within): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('platform_component')
    .select((eb) => ['process', eb.fn.max('at').as('at')])
    .groupBy('process')
    .execute();
  return new Map(rows.map((row) => [row.process, row.at.getTime()]));
}

export type KeptAlert = PlatformAlert & { mailedAt: string | null };

/** The alert as it stands now, new or known. */
export async function keepPlatformAlert(db: Within, alert: KeptAlert): Promise<void> {
  await db
    .insertInto('platform_alert')
    .values({
      id: alert.id,
      process: alert.process,
      component: alert.component,
      trouble: alert.trouble,
      state: alert.state,
      detail: alert.detail,
      since: alert.since,
      opened_at: alert.openedAt,
      closed_at: alert.closedAt,
      mailed_at: alert.mailedAt,
    })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({ closed_at: alert.closedAt, mailed_at: alert.mailedAt, state: alert.state }),
    )
    .execute();
}

/** Those of this process that an earlier life of it left open. */
export async function openPlatformAlerts(db: Within, process: string): Promise<KeptAlert[]> {
  const rows = await alertRows(db).where('process', '=', process).where('closed_at', 'is', null).execute();
  return rows.map(alertOf);
}

/** The newest first; open ones only, or all. */
export async function listPlatformAlerts(
  db: Within,
  query: { open: boolean; before?: string; limit: number },
): Promise<PlatformAlert[]> {
  const rows = await alertRows(db)
    .where((eb) => (query.open ? eb('closed_at', 'is', null) : eb.lit(true)))
    .where((eb) => (query.before ? eb('opened_at', '<', new Date(query.before)) : eb.lit(true)))
    .orderBy('opened_at', 'desc')
    .limit(query.limit)
    .execute();
  return rows.map((row) => {
    const { mailedAt: _, ...alert } = alertOf(row);
    return alert;
  });
}

/** Alerts that were closed, and processes that spoke last, before these moments. ms since 1970 */
export async function forgetPlatform(db: Within, before: { alerts: number; processes: number }): Promise<void> {
  await db.deleteFrom('platform_alert').where('closed_at', '<', new Date(before.alerts)).execute();
  await db.deleteFrom('platform_component').where('at', '<', new Date(before.processes)).execute();
}

/** How many readings went into quarantine since `from`, counted no further than `most`. @param from ms since 1970 */
export async function quarantinedSince(db: Within, from: number, most: number): Promise<number> {
  const { count } = await db
    .selectFrom((eb) =>
      eb.selectFrom('quarantine').select('key').where('received_at', '>=', new Date(from)).limit(most).as('some'),
    )
    .select(sql<string>`count(*)`.as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

const alertRows = (db: Within) => db.selectFrom('platform_alert').selectAll();

type AlertRow = Awaited<ReturnType<ReturnType<typeof alertRows>['executeTakeFirstOrThrow']>>;

const alertOf = (row: AlertRow): KeptAlert => ({
  id: row.id,
  component: row.component,
  process: row.process,
  trouble: row.trouble,
  state: row.state,
  detail: row.detail,
  since: row.since.toISOString(),
  openedAt: row.opened_at.toISOString(),
  closedAt: row.closed_at?.toISOString() ?? null,
  mailedAt: row.mailed_at?.toISOString() ?? null,
});
