import { z } from 'zod';
import { type Alert, type AlertChange, type AlertRefusal, AlertState } from '#domain/alert.ts';
import { AlertId, PatientId, type TeamId } from '#domain/ids.ts';
import { AlertDetail } from '#domain/views.ts';
import { instant } from '#runtime/clock.ts';
import { changeAlert, listAlerts, markSeen } from '#runtime/records/alerts.ts';
import { namesOfClinicians } from '#runtime/records/clinicians.ts';
import type { SignedIn } from '#runtime/records/sessions.ts';
import { alertOfTeams, detailOfAlert, viewsOfAlerts } from '../alert-views.ts';
import { AlertList } from '../answers.ts';
import { Acknowledge, Resolve } from '../bodies.ts';
import { notFound, Refusal } from '../problems.ts';
import { type ApiDeps, type Web, whoAsks } from '../web.ts';

/** Alerts: looking, acknowledging, resolving. */

const alertsAtMost = 200;
const params = z.object({ id: AlertId });
const listed = AlertState.options.join('|');

export function alertRoutes(app: Web, { records, clock }: ApiDeps): void {
  const now = () => instant(clock.now());
  const today = () => now().slice(0, 10);

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
      return { alerts: await viewsOfAlerts(records, teamIds, alerts, today()) };
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
        at: now(),
      }),
  );

  async function change(who: SignedIn & { teamIds: TeamId[] }, id: AlertId, event: AlertChange): Promise<AlertDetail> {
    if (!(await alertOfTeams(records, who.teamIds, id))) throw notFound();
    const result = await changeAlert(records, id, event);
    if (!('refused' in result)) return detail(who.teamIds, id);
    throw result.refused === 'unknown' ? notFound() : await conflict(result.refused, result.alert);
  }

  async function detail(teams: TeamId[], id: AlertId): Promise<AlertDetail> {
    const found = await detailOfAlert(records, teams, id, today());
    if (!found) throw notFound();
    return found;
  }

  /** Who was first, and when: a colleague of the same team, so it may be said. */
  async function conflict(code: AlertRefusal, alert: Alert): Promise<Refusal> {
    const [by, at] =
      code === 'already-resolved' ? [alert.resolvedBy, alert.resolvedAt] : [alert.acknowledgedBy, alert.acknowledgedAt];
    const name = by && (await namesOfClinicians(records, [by])).get(by);
    return new Refusal({
      status: 409,
      code,
      detail: code === 'already-resolved' ? 'The alert is resolved.' : 'The alert is acknowledged.',
      by: by && name ? { id: by, name } : undefined,
      at: at ?? undefined,
    });
  }
}
