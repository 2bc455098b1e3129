import type { AlertChange } from '#domain/alert-change.ts';
import type { Clinician, Patient } from '#domain/people.ts';
import { changeAlert } from '#runtime/records/alerts.ts';
import type { Records } from '#runtime/records/connect.ts';
import { applyTaskChange } from '#runtime/records/tasks.ts';
import { makeAlert, makeTask } from './episodes.ts';

/** For the tests that walk all routes: what is right to send, and an alert or a task that stands as the route needs it. */

export const episodeBodies = (to: Clinician): Record<string, unknown> => ({
  'POST /api/v1/alerts/:id/acknowledge': {},
  'POST /api/v1/alerts/:id/hand-over': { to: to.id },
  'POST /api/v1/alerts/:id/snooze': { minutes: 30 },
  'POST /api/v1/alerts/:id/unsnooze': {},
  'POST /api/v1/alerts/:id/resolve': { outcome: 'treated' },
  'POST /api/v1/patients/:id/tasks': { kind: 'call', title: 'Call', role: 'nurse', dueAt: '2099-01-01T00:00:00Z' },
  'POST /api/v1/tasks/:id/take': {},
  'POST /api/v1/tasks/:id/give-back': {},
  'POST /api/v1/tasks/:id/hand-over': { to: to.id },
  'POST /api/v1/tasks/:id/move': { dueAt: '2099-01-01T00:00:00Z', reason: 'Asleep' },
  'POST /api/v1/tasks/:id/checklist': { item: 0, done: true },
  'POST /api/v1/tasks/:id/complete': { outcome: 'reached', result: 'Spoke to the patient.' },
  'POST /api/v1/tasks/:id/reopen': {},
});

/** @param by who has it in hand where somebody must. */
export async function alertForRoute(records: Records, route: string, patient: Patient, by: Clinician): Promise<string> {
  const { id } = await makeAlert(records, patient);
  const at = new Date().toISOString();
  const until = new Date(Date.parse(at) + 30 * 60_000).toISOString();
  const who = { by: by.id, note: null, at };
  const first: AlertChange | undefined = route.endsWith('/hand-over')
    ? { kind: 'acknowledge', ...who }
    : route.endsWith('/unsnooze')
      ? { kind: 'snooze', until, ...who }
      : undefined;
  if (first) await changeAlert(records, id, first);
  return id;
}

export async function taskForRoute(records: Records, route: string, patient: Patient, by: Clinician): Promise<string> {
  const { id } = await makeTask(records, patient, { checklist: [{ en: 'Dizzy?', zh: '是否头晕？' }] });
  const who = { by: by.id, at: new Date().toISOString() };
  if (route.endsWith('/give-back')) await applyTaskChange(records, id, { kind: 'take', ...who });
  if (route.endsWith('/reopen'))
    await applyTaskChange(records, id, { kind: 'close', outcome: 'reached', result: 'Spoke to her.', ...who });
  return id;
}
