import { z } from 'zod';
import { type Alert, AlertState } from '#domain/alert.ts';
import type { AlertChange, AlertRefusal } from '#domain/alert-change.ts';
import { AlertId, PatientId, type TeamId } from '#domain/ids.ts';
import { AlertDetail } from '#domain/views.ts';
import { instant } from '#runtime/clock.ts';
import { changeAlert, listAlerts, markSeen } from '#runtime/records/alerts.ts';
import { namesOfClinicians } from '#runtime/records/clinicians.ts';
import { mayTakeOver } from '#runtime/records/on-call.ts';
import type { SignedIn } from '#runtime/records/sessions.ts';
import { alertOfTeams, detailOfAlert, viewsOfAlerts } from '../alert-views.ts';
import { AlertList } from '../answers.ts';
import { Acknowledge, HandOver, Nothing, Resolve, SnoozeAlert } from '../bodies.ts';
import { countAnswer } from '../count-answer.ts';
import { invalid, notFound, Refusal } from '../problems.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** Alerts: looking, acknowledging, handing over, snoozing, resolving. */

const alertsAtMost = 200;
const params = z.object({ id: AlertId });
const listed = AlertState.options.join('|');

export function alertRoutes(app: Web, deps: ApiDeps): void {
  const { records, clock } = deps;
  const now = () => instant(clock.now());

  app.get(
    '/api/v1/alerts',
    {
      schema: {
        summary: 'Alerts of your care teams, newest first',
        tags: ['alerts'],
        querystring: z.strictObject({
          state: z
            .string()
            .regex(new RegExp(`^(${listed})(,(${listed}))*$`), `a list of ${AlertState.options.join(', ')}`)
            .transform((text) => text.split(',') as AlertState[])
            .optional(),
          patient: PatientId.optional(),
          before: z.iso.datetime().optional(),
          limit: z.coerce.number().int().min(1).max(alertsAtMost).default(50),
        }),
        response: { 200: AlertList },
      },
    },
    async (request) => {
      const { teamIds } = whoAsks(request);
      const { state, patient, before, limit } = request.query;
      const alerts = await listAlerts(records, { teams: teamIds, states: state, patient, before, limit });
      return { alerts: await viewsOfAlerts(records, teamIds, alerts, clock.now()) };
    },
  );

  app.get(
    '/api/v1/alerts/:id',
    {
      schema: {
        summary: 'One alert with its evidence, history, pages and tasks; notes that you have seen it',
        tags: ['alerts'],
        params,
        response: { 200: AlertDetail },
      },
    },
    async (request) => {
      const { teamIds, clinician } = whoAsks(request);
      const alert = await alertOfTeams(records, teamIds, request.params.id);
      if (!alert) throw notFound();
      await markSeen(records, alert, clinician.id, now());
      return detail(teamIds, alert.id);
    },
  );

  app.post(
    '/api/v1/alerts/:id/acknowledge',
    {
      schema: {
        summary: 'Say that you are on it: nobody else is paged',
        tags: ['alerts'],
        params,
        body: Acknowledge.nullable(),
        response: { 200: AlertDetail },
      },
    },
    async (request) =>
      change(whoAsks(request), request.params.id, {
        kind: 'acknowledge',
        by: whoAsks(request).clinician.id,
        note: request.body?.note || null,
        ...seenIn(request.body),
        at: now(),
      }),
  );

  app.post(
    '/api/v1/alerts/:id/hand-over',
    {
      schema: {
        summary: 'Give an acknowledged alert to a colleague of its team, or take it over by naming yourself',
        tags: ['alerts'],
        params,
        body: HandOver,
        response: { 200: AlertDetail },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      const alert = await alertOfTeams(records, who.teamIds, request.params.id);
      if (!alert) throw notFound();
      const { to, note } = request.body;
      if (!(await mayTakeOver(records, alert.team, to)))
        throw invalid([{ pointer: '/to', detail: 'must be a nurse or a doctor of the care team' }]);
      return change(who, alert.id, { kind: 'hand-over', by: who.clinician.id, to, note: note || null, at: now() });
    },
  );

  app.post(
    '/api/v1/alerts/:id/snooze',
    {
      schema: {
        summary: 'Be called no more about this problem for some time, unless it becomes graver',
        description:
          'Also acknowledges. At most an hour for what is critical, twelve for what is urgent, a week for the rest. It ends before its time when the patient recovers, and when no data come any more; then a relapse, or the silence, calls anew.',
        tags: ['alerts'],
        params,
        body: SnoozeAlert,
        response: { 200: AlertDetail },
      },
    },
    async (request) => {
      const { minutes, note } = request.body;
      return change(whoAsks(request), request.params.id, {
        kind: 'snooze',
        by: whoAsks(request).clinician.id,
        until: instant(clock.now() + minutes * 60_000),
        note: note || null,
        ...seenIn(request.body),
        at: now(),
      });
    },
  );

  app.post(
    '/api/v1/alerts/:id/unsnooze',
    {
      schema: {
        summary: 'Undo a snooze: an alert that nobody had acknowledged before calls again',
        tags: ['alerts'],
        params,
        body: Nothing.nullable(),
        response: { 200: AlertDetail },
      },
    },
    async (request) =>
      change(whoAsks(request), request.params.id, {
        kind: 'unsnooze',
        by: whoAsks(request).clinician.id,
        at: now(),
      }),
  );

  app.post(
    '/api/v1/alerts/:id/resolve',
    {
      schema: {
        summary: 'Close the episode with what became of it',
        tags: ['alerts'],
        params,
        body: Resolve,
        response: { 200: AlertDetail },
      },
    },
    async (request) =>
      change(whoAsks(request), request.params.id, {
        kind: 'resolve',
        by: whoAsks(request).clinician.id,
        outcome: request.body.outcome,
        note: request.body.note || null,
        ...seenIn(request.body),
        at: now(),
      }),
  );

  async function change(who: SignedIn & { teamIds: TeamId[] }, id: AlertId, event: AlertChange): Promise<AlertDetail> {
    const seen = await alertOfTeams(records, who.teamIds, id);
    if (!seen) throw notFound();
    // who does not say what they saw saw no more than stood there: what the judge is raising right now is not theirs yet
    const result = await changeAlert(records, id, { raisedAt: seen.raisedAt, ...event });
    if ('refused' in result)
      throw result.refused === 'unknown' ? notFound() : await conflict(result.refused, result.alert);
    await countAnswer(deps, id, event.at);
    return detail(who.teamIds, id);
  }

  async function detail(teams: TeamId[], id: AlertId): Promise<AlertDetail> {
    const found = await detailOfAlert(records, teams, id, clock.now());
    if (!found) throw notFound();
    return found;
  }

  /** Who was first, and when: a colleague of the same team, so it may be said. */
  async function conflict(code: AlertRefusal, alert: Alert): Promise<Refusal> {
    if (code === 'snooze-too-short' || code === 'snooze-too-long')
      return invalid([{ pointer: '/minutes', detail: 'too short or too long for an alert of this severity' }]);
    const [by, at] =
      alert.state === 'resolved' ? [alert.resolvedBy, alert.resolvedAt] : [alert.acknowledgedBy, alert.acknowledgedAt];
    const name = by && (await namesOfClinicians(records, [by])).get(by);
    return new Refusal({
      status: 409,
      code,
      detail: refusals[code],
      by: by && name ? { id: by, name } : undefined,
      at: at ?? undefined,
    });
  }
}

const seenIn = (body: { raisedAt?: string | undefined } | null) => (body?.raisedAt ? { raisedAt: body.raisedAt } : {});

const refusals: Partial<Record<AlertRefusal, string>> = {
  'already-resolved': 'The alert is resolved.',
  'already-acknowledged': 'The alert is acknowledged.',
  'called-anew': 'The alert has called again since: look at it first.',
  'already-theirs': 'They have it in hand already.',
  'not-acknowledged': 'Nobody has the alert in hand: acknowledge it first.',
  'not-snoozed': 'The alert is not snoozed.',
  'nothing-to-snooze': 'The patient is back inside the limits: a relapse should call.',
};
