import { type Selectable, sql } from 'kysely';
import type { Alert } from '#domain/alert.ts';
import {
  type AlertChange,
  type AlertEntry,
  type AlertRefusal,
  change,
  entryOf,
  openingEntry,
} from '#domain/alert-change.ts';
import type { AlertId, ClinicianId, PatientId, TeamId } from '#domain/ids.ts';
import { announce } from './changes.ts';
import type { Records, Within } from './connect.ts';
import type { Database } from './database.ts';
import { endOfSnooze, putCallAgain, putSnoozeLook } from './snoozes.ts';
import { dropTasksOfAlert } from './tasks.ts';

/** Opens an episode, with its first event. Fails on the unique index when this patient has this problem already. */
export async function openAlert(db: Within, alert: Alert): Promise<void> {
  await db.insertInto('alert').values(rowOf(alert)).execute();
  await recordAlertEvent(db, alert.id, openingEntry(alert));
  await announce(db, [{ kind: 'alert', team: alert.team, patient: alert.patient, id: alert.id }]);
}

/**
 * Applies one change to one alert under a row lock: the pure transition, its journal row, and the announcement, together
 * or not at all. When a patient recovers, what was still to be done about it is not needed any more; a snooze has its end in the
 * agenda from the beginning.
 */
export async function changeAlert(
  records: Within,
  id: AlertId,
  event: AlertChange,
): Promise<{ alert: Alert } | { refused: AlertRefusal; alert: Alert } | { refused: 'unknown' }> {
  const apply = async (db: Within) => {
    const before = await lockAlert(db, id);
    if (!before) return { refused: 'unknown' as const };
    const result = change(before, event);
    if ('refused' in result) return { refused: result.refused, alert: before };
    const { id: _, ...columns } = rowOf(result.alert);
    await db.updateTable('alert').set(columns).where('id', '=', id).execute();
    await recordAlertEvent(db, id, entryOf(event, before, result.alert));
    await announce(db, [{ kind: 'alert', team: before.team, patient: before.patient, id }]);
    if (event.kind === 'resolve' && event.by === null) await dropTasksOfAlert(db, id, event.at);
    const { snooze } = result.alert;
    if (event.kind === 'snooze' && snooze)
      await putSnoozeLook(db, id, (await endOfSnooze(db, { ...result.alert, snooze })).at);
    if (event.kind === 'unsnooze' && result.alert.state === 'open') await putCallAgain(db, result.alert);
    return result;
  };
  return records.isTransaction ? apply(records) : (records as Records).transaction().execute(apply);
}

export async function recordAlertEvent(
  db: Within,
  alert: AlertId,
  { detail, ...entry }: Omit<AlertEntry, 'detail'> & { detail?: object },
): Promise<void> {
  await db
    .insertInto('alert_event')
    .values({ alert_id: alert, ...entry, detail: JSON.stringify(detail ?? {}) })
    .execute();
}

/**
 * Notes that a clinician has looked at the alert, the first time they do since it last called; their colleagues are told.
 * The row lock makes two screens of one person one event.
 */
export async function markSeen(records: Records, alert: Alert, by: ClinicianId, at: string): Promise<void> {
  const seen = (db: Within) =>
    db
      .selectFrom('alert_event')
      .select('id')
      .where('alert_id', '=', alert.id)
      .where('kind', '=', 'seen')
      .where('actor', '=', by)
      .where('at', '>=', new Date(alert.raisedAt))
      .executeTakeFirst();
  if (await seen(records)) return;
  await records.transaction().execute(async (db) => {
    await db.selectFrom('alert').select('id').where('id', '=', alert.id).forUpdate().executeTakeFirst();
    if (await seen(db)) return;
    await recordAlertEvent(db, alert.id, { at, kind: 'seen', actor: by, note: null });
    await announce(db, [{ kind: 'alert', team: alert.team, patient: alert.patient, id: alert.id }]);
  });
}

/** Who gave each alert to whoever has it in hand, where somebody else did: in hand since that very moment. */
export async function handedOverBy(
  db: Within,
  alerts: readonly Pick<Alert, 'id' | 'acknowledgedAt' | 'acknowledgedBy'>[],
): Promise<Map<AlertId, ClinicianId>> {
  const inHand = new Map(alerts.filter((alert) => alert.acknowledgedAt !== null).map((alert) => [alert.id, alert]));
  if (inHand.size === 0) return new Map();
  const rows = await db
    .selectFrom('alert_event')
    .select(['alert_id', 'actor', 'at'])
    .where('alert_id', 'in', [...inHand.keys()])
    .where('kind', '=', 'handed-over')
    .execute();
  return new Map(
    rows.flatMap(({ alert_id, actor, at }) => {
      const alert = inHand.get(alert_id);
      const current = alert?.acknowledgedAt && at.getTime() === Date.parse(alert.acknowledgedAt);
      return current && actor && actor !== alert.acknowledgedBy ? [[alert_id, actor] as const] : [];
    }),
  );
}

export type AlertEvent = AlertEntry;

/** Readings may join an episode for weeks, and of those the latest are enough; what people did is told whole. */
const joinedAtMost = 100;

/** Oldest first. */
export async function eventsOfAlert(db: Within, alert: AlertId): Promise<AlertEvent[]> {
  const rows = await db
    .selectFrom('alert_event')
    .selectAll()
    .where('alert_id', '=', alert)
    .where((eb) =>
      eb.or([
        eb('kind', '<>', 'joined'),
        eb(
          'id',
          'in',
          eb
            .selectFrom('alert_event as joined')
            .select('joined.id')
            .where('joined.alert_id', '=', alert)
            .where('joined.kind', '=', 'joined')
            .orderBy('joined.id', 'desc')
            .limit(joinedAtMost),
        ),
      ]),
    )
    .orderBy('id')
    .execute();
  return rows.map(({ at, kind, actor, note, detail }) => ({
    ...{ at: at.toISOString(), kind, actor, note },
    detail: detail as AlertEntry['detail'],
  }));
}

export async function findAlert(db: Within, id: AlertId): Promise<Alert | undefined> {
  const row = await db.selectFrom('alert').selectAll().where('id', '=', id).executeTakeFirst();
  return row && alertOf(row);
}

/** The unresolved episodes of these patients. */
export async function unresolvedAlertsOf(db: Within, patients: readonly PatientId[]): Promise<Alert[]> {
  return patients.length === 0 ? [] : (await unresolvedRows(db, patients).execute()).map(alertOf);
}

/** The same, locked for the rest of the transaction. */
export async function lockUnresolvedAlerts(db: Within, patients: readonly PatientId[]): Promise<Alert[]> {
  return patients.length === 0 ? [] : (await unresolvedRows(db, patients).forUpdate().execute()).map(alertOf);
}

const unresolvedRows = (db: Within, patients: readonly PatientId[]) =>
  db
    .selectFrom('alert')
    .selectAll()
    .where('patient_id', '=', sql<PatientId>`any(${[...patients]}::uuid[])`)
    .where('state', '<>', 'resolved')
    .orderBy('id');

/** The episode of this problem that was resolved last, if after `since` (ms since 1970), locked: a relapse may re-open it. */
export async function lockLastResolved(
  db: Within,
  patient: PatientId,
  problem: string,
  since: number,
): Promise<Alert | undefined> {
  const row = await db
    .selectFrom('alert')
    .selectAll()
    .where('patient_id', '=', patient)
    .where('problem', '=', problem)
    .where('state', '=', 'resolved')
    .where('resolved_at', '>', new Date(since))
    .orderBy('resolved_at', 'desc')
    .limit(1)
    .forUpdate()
    .executeTakeFirst();
  return row && alertOf(row);
}

/** One alert, locked for the rest of the transaction. */
export async function lockAlert(db: Within, id: AlertId): Promise<Alert | undefined> {
  const row = await db.selectFrom('alert').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  return row && alertOf(row);
}

/** Newest first. */
export async function listAlerts(
  db: Within,
  query: { teams: TeamId[]; patient?: PatientId; states?: Alert['state'][]; before?: string; limit: number },
): Promise<Alert[]> {
  if (query.teams.length === 0) return [];
  let rows = db.selectFrom('alert').selectAll().where('team_id', 'in', query.teams);
  if (query.patient) rows = rows.where('patient_id', '=', query.patient);
  if (query.states?.length) rows = rows.where('state', 'in', query.states);
  if (query.before) rows = rows.where('opened_at', '<', new Date(query.before));
  return (await rows.orderBy('opened_at', 'desc').orderBy('id').limit(query.limit).execute()).map(alertOf);
}

function rowOf(alert: Alert) {
  return {
    id: alert.id,
    patient_id: alert.patient,
    team_id: alert.team,
    rule: alert.rule,
    problem: alert.problem,
    rule_version: alert.ruleVersion,
    parameters: JSON.stringify(alert.parameters),
    severity: alert.severity,
    state: alert.state,
    title: JSON.stringify(alert.title),
    explanation: JSON.stringify(alert.explanation),
    evidence: JSON.stringify(alert.evidence),
    escalation: alert.escalation && JSON.stringify(alert.escalation),
    opened_at: alert.openedAt,
    raised_at: alert.raisedAt,
    standing: JSON.stringify(alert.standing),
    recovered_at: alert.recoveredAt,
    acknowledged_at: alert.acknowledgedAt,
    acknowledged_by: alert.acknowledgedBy,
    snooze: alert.snooze && JSON.stringify(alert.snooze),
    resolved_at: alert.resolvedAt,
    resolved_by: alert.resolvedBy,
    outcome: alert.outcome,
    note: alert.note,
  };
}

function alertOf(row: Selectable<Database['alert']>): Alert {
  return {
    id: row.id,
    patient: row.patient_id,
    team: row.team_id,
    rule: row.rule,
    problem: row.problem,
    ruleVersion: row.rule_version,
    parameters: row.parameters,
    severity: row.severity,
    state: row.state,
    title: row.title,
    explanation: row.explanation,
    evidence: row.evidence,
    escalation: row.escalation,
    openedAt: row.opened_at.toISOString(),
    raisedAt: row.raised_at.toISOString(),
    standing: row.standing,
    recoveredAt: row.recovered_at?.toISOString() ?? null,
    acknowledgedAt: row.acknowledged_at?.toISOString() ?? null,
    acknowledgedBy: row.acknowledged_by,
    snooze: row.snooze,
    resolvedAt: row.resolved_at?.toISOString() ?? null,
    resolvedBy: row.resolved_by,
    outcome: row.outcome,
    note: row.note,
  };
}
