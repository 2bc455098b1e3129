import { type Selectable, sql } from 'kysely';
import { type Alert, type AlertChange, type AlertRefusal, change } from '#domain/alert.ts';
import type { AlertId, ClinicianId, PatientId, TeamId } from '#domain/ids.ts';
import { announce } from './changes.ts';
import type { Records, Within } from './connect.ts';
import type { Database } from './database.ts';

/** Opens an episode, with its first event. Fails on the unique index when this patient has this problem already. */
export async function openAlert(db: Within, alert: Alert): Promise<void> {
  await db.insertInto('alert').values(rowOf(alert)).execute();
  await recordAlertEvent(db, alert.id, { at: alert.openedAt, kind: 'opened', actor: null, note: null });
  await announce(db, [{ kind: 'alert', team: alert.team, patient: alert.patient, id: alert.id }]);
}

/**
 * Applies one change to one alert under a row lock: the pure transition, its journal row, and the announcement, together
 * or not at all.
 */
export async function changeAlert(
  records: Within,
  id: AlertId,
  event: AlertChange,
): Promise<{ alert: Alert } | { refused: AlertRefusal; alert: Alert } | { refused: 'unknown' }> {
  const apply = async (db: Within) => {
    const row = await db.selectFrom('alert').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
    if (!row) return { refused: 'unknown' as const };
    const before = alertOf(row);
    const result = change(before, event);
    if ('refused' in result) return { refused: result.refused, alert: before };
    const { id: _, ...columns } = rowOf(result.alert);
    await db.updateTable('alert').set(columns).where('id', '=', id).execute();
    await recordAlertEvent(db, id, {
      at: event.at,
      kind: { acknowledge: 'acknowledged', resolve: 'resolved', join: 'joined', worsen: 'worsened', renew: 'renewed' }[
        event.kind
      ],
      actor: 'by' in event ? event.by : null,
      note: 'note' in event ? event.note : null,
    });
    await announce(db, [{ kind: 'alert', team: before.team, patient: before.patient, id }]);
    return result;
  };
  return records.isTransaction ? apply(records) : (records as Records).transaction().execute(apply);
}

export async function recordAlertEvent(
  db: Within,
  alert: AlertId,
  event: { at: string; kind: string; actor: ClinicianId | null; note: string | null; detail?: object },
): Promise<void> {
  await db
    .insertInto('alert_event')
    .values({ alert_id: alert, ...event, detail: JSON.stringify(event.detail ?? {}) })
    .execute();
}

/**
 * Notes that a clinician has looked at the alert, the first time they do; their colleagues are told.
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
      .executeTakeFirst();
  if (await seen(records)) return;
  await records.transaction().execute(async (db) => {
    await db.selectFrom('alert').select('id').where('id', '=', alert.id).forUpdate().executeTakeFirst();
    if (await seen(db)) return;
    await recordAlertEvent(db, alert.id, { at, kind: 'seen', actor: by, note: null });
    await announce(db, [{ kind: 'alert', team: alert.team, patient: alert.patient, id: alert.id }]);
  });
}

export type AlertEvent = { at: string; kind: string; actor: ClinicianId | null; note: string | null; detail: object };

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
  return rows.map(({ at, kind, actor, note, detail }) => ({ at: at.toISOString(), kind, actor, note, detail }));
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
    acknowledged_at: alert.acknowledgedAt,
    acknowledged_by: alert.acknowledgedBy,
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
    acknowledgedAt: row.acknowledged_at?.toISOString() ?? null,
    acknowledgedBy: row.acknowledged_by,
    resolvedAt: row.resolved_at?.toISOString() ?? null,
    resolvedBy: row.resolved_by,
    outcome: row.outcome,
    note: row.note,
  };
}
