import { randomUUID } from 'node:crypto';
import { type Alert, newAlert, type Severity } from '#domain/alert.ts';
import type { Escalation } from '#domain/escalation.ts';
import { AlertId, PageId, TaskId } from '#domain/ids.ts';
import type { Clinician, Patient } from '#domain/people.ts';
import type { RuleEntry } from '#domain/rule-book.ts';
import { newTask, type Task } from '#domain/task.ts';
import type { Words } from '#domain/words.ts';
import { openAlert } from '#runtime/records/alerts.ts';
import type { Records } from '#runtime/records/connect.ts';
import { addTask } from '#runtime/records/tasks.ts';
import { storedReading } from './readings.ts';

/** Alerts, tasks and pages for a test that is not about how they come to be. */

export async function makeAlert(
  records: Records,
  patient: Patient,
  wish: {
    severity?: Severity;
    rule?: string;
    openedAt?: string;
    takenAt?: string;
    heardAt?: string;
    escalation?: Escalation;
  } = {},
): Promise<Alert> {
  const openedAt = wish.openedAt ?? new Date().toISOString();
  const takenAt = wish.takenAt ?? openedAt;
  const reading = storedReading(patient.id, { systolic: 192, diastolic: 121, takenAt });
  const rule = wish.rule ?? `rule-${randomUUID().slice(0, 8)}`;
  const alert = newAlert({
    id: AlertId.parse(randomUUID()),
    patient: patient.id,
    team: patient.team,
    rule,
    problem: rule,
    ruleVersion: 1,
    parameters: { systolic: 180 },
    severity: wish.severity ?? 'critical',
    title: { en: 'Severe hypertension', zh: '重度高血压' },
    explanation: { en: 'Two readings above the limit', zh: '两次测量超过上限' },
    evidence: [
      {
        reading: reading.id,
        panel: reading.panel,
        takenAt,
        heardAt: wish.heardAt ?? takenAt,
        values: reading.values,
        marks: [],
      },
    ],
    escalation: wish.escalation ?? null,
    openedAt,
  });
  await openAlert(records, alert);
  return alert;
}

export async function makeTask(
  records: Records,
  patient: Patient,
  wish: { alert?: AlertId; dueAt?: string; kind?: Task['kind']; checklist?: Words[] } = {},
): Promise<Task> {
  const task = newTask({
    id: TaskId.parse(randomUUID()),
    patient: patient.id,
    team: patient.team,
    alert: wish.alert ?? null,
    kind: wish.kind ?? 'call',
    title: { en: 'Call the patient', zh: '致电患者' },
    role: 'nurse',
    dueAt: wish.dueAt ?? new Date(Date.now() + 3_600_000).toISOString(),
    createdAt: new Date().toISOString(),
    checklist: wish.checklist ?? [],
  });
  await addTask(records, task);
  return task;
}

export async function makePage(
  records: Records,
  alert: Alert,
  recipient: Clinician,
  wish: { step?: number; sentAt?: string } = {},
): Promise<void> {
  await records
    .insertInto('page')
    .values({
      id: PageId.parse(randomUUID()),
      alert_id: alert.id,
      step: wish.step ?? 0,
      channel: 'smtp',
      recipient: recipient.id,
      created_at: alert.openedAt,
      due_at: alert.openedAt,
      state: wish.sentAt ? 'sent' : 'due',
      attempts: wish.sentAt ? 1 : 0,
      sent_at: wish.sentAt ?? null,
    })
    .execute();
}

/** A rule with one limit of the systolic pressure, 140 to 220, usually 180. */
export async function makeRule(records: Records, rule: string): Promise<RuleEntry> {
  const entry: RuleEntry = {
    rule,
    problem: rule,
    programmes: [],
    version: 3,
    title: { en: 'Severe hypertension', zh: '重度高血压' },
    severity: 'critical',
    parameters: [
      {
        name: 'systolic',
        label: { en: 'Systolic limit', zh: '收缩压上限' },
        unit: 'mmHg',
        default: 180,
        low: 140,
        high: 220,
        source: 'a test',
        limits: { vital: 'systolic', side: 'above' },
      },
      {
        name: 'minutes',
        label: { en: 'Window', zh: '时间窗' },
        unit: 'min',
        default: 5,
        low: 1,
        high: 30,
        source: 'a test',
      },
    ],
  };
  await records
    .insertInto('rule_book')
    .values({ rule, entry: JSON.stringify(entry) })
    .execute();
  return entry;
}
