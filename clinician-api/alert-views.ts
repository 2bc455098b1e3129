import type { Alert } from '#domain/alert.ts';
import { callsOf } from '#domain/alert-clock.ts';
import type { AlertId, ClinicianId, TeamId } from '#domain/ids.ts';
import { ageOn } from '#domain/people.ts';
import type { AlertDetail, AlertView, PersonRef } from '#domain/views.ts';
import type { Words } from '#domain/words.ts';
import { nextCallOfAlert, pagesOfAlert } from '#runtime/records/alert-pages.ts';
import { type AlertEvent, eventsOfAlert, findAlert, handedOverBy } from '#runtime/records/alerts.ts';
import { namesOfClinicians } from '#runtime/records/clinicians.ts';
import type { Records, Within } from '#runtime/records/connect.ts';
import { findPatient, findPatients } from '#runtime/records/patients.ts';
import { listTasks } from '#runtime/records/tasks.ts';
import { viewsOfTasks } from './task-views.ts';

/** Alerts as care teams see them. An alert is theirs while its patient is. */

const tasksAtMost = 50;

export async function viewsOfAlerts(
  records: Records,
  teams: TeamId[],
  alerts: Alert[],
  now: number,
): Promise<AlertView[]> {
  const today = new Date(now).toISOString().slice(0, 10);
  const [patients, givers] = await Promise.all([
    findPatients(
      records,
      teams,
      alerts.map((alert) => alert.patient),
    ),
    handedOverBy(records, alerts),
  ]);
  const names = await namesOfClinicians(records, [
    ...alerts.flatMap((alert) => [alert.acknowledgedBy, alert.resolvedBy]),
    ...givers.values(),
  ]);
  const nameOf = (id: ClinicianId | null): Words | null => (id && names.get(id)) ?? null;
  return alerts.flatMap((alert) => {
    const patient = patients.get(alert.patient);
    if (!patient) return [];
    return {
      ...alert,
      patientName: patient.name,
      patientAge: ageOn(patient.birthDate, today),
      acknowledgedByName: nameOf(alert.acknowledgedBy),
      handedOverByName: nameOf(givers.get(alert.id) ?? null),
      resolvedByName: nameOf(alert.resolvedBy),
    };
  });
}

/** The alert if it is one of these teams', undefined else. */
export async function alertOfTeams(records: Within, teams: TeamId[], id: AlertId): Promise<Alert | undefined> {
  const alert = await findAlert(records, id);
  if (!alert || !teams.includes(alert.team)) return undefined;
  return (await findPatient(records, teams, alert.patient)) && alert;
}

export async function detailOfAlert(
  records: Records,
  teams: TeamId[],
  id: AlertId,
  now: number,
): Promise<AlertDetail | undefined> {
  const found = await alertOfTeams(records, teams, id);
  const [alert] = found ? await viewsOfAlerts(records, teams, [found], now) : [];
  if (!alert) return undefined;
  const [events, pages, next, tasks] = await Promise.all([
    eventsOfAlert(records, id),
    pagesOfAlert(records, id),
    nextCallOfAlert(records, alert),
    listTasks(records, { teams, alert: id, limit: tasksAtMost }).then((all) => viewsOfTasks(records, teams, all, now)),
  ]);
  const names = await namesOfClinicians(records, [
    ...events.flatMap((event) => [event.actor, handedTo(event)]),
    ...pages.map((page) => page.recipient),
    ...(next?.recipients ?? []),
  ]);
  const call = callsOf(events, now, {
    sentAt: pages.flatMap((page) => page.sentAt ?? []),
    evidence: alert.evidence[0],
  }).at(-1);
  if (!call) throw new Error('an alert has a journal that begins with its opening');
  const person = (who: ClinicianId): PersonRef => ({ id: who, name: names.get(who) ?? { en: '?', zh: '?' } });
  return {
    alert,
    events: events.map((event) => {
      const [{ at, kind, actor, note, detail }, to] = [event, handedTo(event)];
      const until = typeof detail.until === 'string' ? detail.until : null;
      return { at, kind, actor: actor && person(actor), note, to: to && person(to), until };
    }),
    pages: pages.map((page) => ({ ...page, recipient: person(page.recipient) })),
    tasks,
    nextCall: next && { at: next.at, recipients: next.recipients.map(person) },
    clock: call.clock,
  };
}

const handedTo = ({ kind, detail }: AlertEvent): ClinicianId | null =>
  kind === 'handed-over' && typeof detail.to === 'string' ? (detail.to as ClinicianId) : null;
