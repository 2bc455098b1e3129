import { sql } from 'kysely';
import type { TeamId } from '#domain/ids.ts';
import type { Within } from './connect.ts';

/** What somebody who watches over paging asks. */

/** Those whose alerts could call. */
export async function teamsWithPatients(db: Within): Promise<TeamId[]> {
  const rows = await db
    .selectFrom('care_team')
    .select('id')
    .where('canary', '=', false)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('patient')
          .select('patient.id')
          .whereRef('patient.team_id', '=', 'care_team.id')
          .where('patient.erased_at', 'is', null),
      ),
    )
    .orderBy('id')
    .execute();
  return rows.map(({ id }) => id);
}

/** Open alerts of whose last step every page has been tried, and none got through. */
export async function countUndelivered(db: Within): Promise<number> {
  const { rows } = await sql<{ alerts: string }>`
    select count(*) as alerts
    from (select distinct alert_id from page where fault is not null and state in ('due', 'failed')) as faulty
    join alert on alert.id = faulty.alert_id and alert.state = 'open'
    where not exists (
      select from page
      where page.alert_id = alert.id
        and page.step = (select max(step) from page as latest where latest.alert_id = alert.id)
        and not (page.state = 'failed' or (page.state = 'due' and page.fault is not null))
    )`.execute(db);
  return Number(rows[0]?.alerts ?? 0);
}
