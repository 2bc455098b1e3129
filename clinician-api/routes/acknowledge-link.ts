import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Alert } from '#domain/alert.ts';
import type { AlertId, TeamId } from '#domain/ids.ts';
import type { CareTeam, Clinician } from '#domain/people.ts';
import { instant } from '#runtime/clock.ts';
import type { Acknowledgement } from '#runtime/links.ts';
import { byClinician } from '#runtime/records/actor.ts';
import { changeAlert, lockAlert } from '#runtime/records/alerts.ts';
import { audit } from '#runtime/records/audit.ts';
import { findClinician, namesOfClinicians, teamsOf } from '#runtime/records/clinicians.ts';
import type { Within } from '#runtime/records/connect.ts';
import { type AcknowledgedAlert, acknowledgePage, refusedPage, shownAs } from '../acknowledge-page.ts';
import { alertOfTeams } from '../alert-views.ts';
import { createAttempts } from '../attempts.ts';
import { countAnswer } from '../count-answer.ts';
import type { ApiConfig, ApiDeps, Web } from '../web.ts';

/**
 * The link in a page. Looking changes nothing, for programs that look through mail follow every link; the button on the page says that
 * its owner takes the alerts in hand. Whoever was sent it must still be one who may.
 */

const params = z.object({ token: z.string() });
/** A form with one field of a few words. */
const bodyBytesAtMost = 2 * 1024;
/** Links that are none; a link of ours cannot be guessed, and this keeps the noise down. */
const wrong = { failures: 30, windowMs: 60_000 };
/** Whatever the links of one person are asked: a link that got about must not keep the records busy. */
const often = { failures: 60, windowMs: 60_000 };

export async function acknowledgeLinkRoutes(app: Web, deps: ApiDeps, { publicUrl }: ApiConfig): Promise<void> {
  const { records, links, clock, log } = deps;
  const attempts = createAttempts(clock);
  const base = publicUrl.replace(/\/$/, '');

  await app.register(async (scope) => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: bodyBytesAtMost },
      (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    );
    scope.addHook('onRequest', async (_request, reply) => {
      // the form must be able to say that it comes from here, and nobody else be told the link
      reply.header('referrer-policy', 'same-origin');
    });

    scope.get('/a/:token', { schema: { hide: true, params } }, async (request, reply) => {
      const opened = await open(request);
      if (typeof opened === 'string') return refuse(reply, opened);
      return send(reply, 200, await pageOf(records, opened, false));
    });

    scope.post('/a/:token', { schema: { hide: true, params } }, async (request, reply) => {
      const opened = await open(request);
      if (typeof opened === 'string') return refuse(reply, opened);
      const { recipient, link } = opened;
      const at = instant(clock.now());
      const done = await records.transaction().execute(async (db) => {
        // in one order, so that two who hold several of them never wait for each other
        for (const id of [...link.alerts].sort()) await lockAlert(db, id);
        const alerts = await alertsOf(db, opened);
        const shown = (request.body as { shown?: unknown } | undefined)?.shown;
        const open = alerts.flatMap(({ id, state }) => (state === 'open' ? [id] : []));
        if (open.length === 0) return true;
        if (shown !== shownAs(alerts)) return false;
        for (const id of open) await changeAlert(db, id, { kind: 'acknowledge', by: recipient.id, note: null, at });
        await audit(db, {
          by: byClinician(recipient.id),
          action: 'alerts-acknowledged-by-link',
          address: request.ip,
          detail: { alerts: open.join(' ') },
        });
        return true;
      });
      if (!done) return send(reply, 409, await pageOf(records, opened, true));
      for (const id of link.alerts) await countAnswer(deps, id, at);
      log.info('alerts were acknowledged by a link', { alerts: link.alerts, clinician: recipient.id });
      // so that a page that is loaded again asks nobody whether to send the form again
      return reply.redirect(request.url, 303);
    });
  });

  type Opened = { link: Acknowledgement; recipient: Clinician; teams: CareTeam[] };

  /** Whose link it is, who still may use it. */
  async function open(request: FastifyRequest): Promise<Opened | Parameters<typeof refusedPage>[0]> {
    const link = links.readAcknowledge((request.params as z.infer<typeof params>).token, clock.now());
    // a link of ours is never refused for the noise of others behind the same address
    if (link === 'not-a-link')
      return 'refusedForSeconds' in attempts([{ key: `address ${request.ip}`, limit: wrong }])
        ? 'too-many-attempts'
        : link;
    if (link === 'expired') return link;
    if ('refusedForSeconds' in attempts([{ key: `owner ${link.recipient}`, limit: often }])) return 'too-many-attempts';
    const recipient = await findClinician(records, link.recipient);
    if (!recipient || recipient.role === 'administrator') return 'not-permitted';
    const teams = await teamsOf(records, recipient.id);
    const opened = { link, recipient, teams };
    return (await alertsOf(records, opened)).length > 0 ? opened : 'not-permitted';
  }

  type Named = AcknowledgedAlert & { id: AlertId };

  /** Those of the link that are of a team of theirs. */
  async function alertsOf(db: Within, { link, recipient, teams }: Opened): Promise<Named[]> {
    const teamIds: TeamId[] = teams.map(({ id }) => id);
    const alerts: Alert[] = [];
    for (const id of link.alerts) alerts.push(...[(await alertOfTeams(db, teamIds, id)) ?? []].flat());
    const names = await namesOfClinicians(
      db,
      alerts.map(({ acknowledgedBy }) => acknowledgedBy),
    );
    return alerts.map(({ id, severity, title, state, raisedAt, team, acknowledgedBy }) => ({
      ...{ id, severity, title, state, raisedAt },
      timeZone: teams.find((one) => one.id === team)?.timeZone ?? 'UTC',
      by: (acknowledgedBy && names.get(acknowledgedBy)) || null,
      byThem: acknowledgedBy === recipient.id,
    }));
  }

  async function pageOf(db: Within, opened: Opened, changed: boolean): Promise<string> {
    const { name, language } = opened.recipient;
    const alerts = await alertsOf(db, opened);
    const [first] = alerts;
    const consoleUrl = alerts.length === 1 && first ? `${base}/alerts/${first.id}` : `${base}/alerts`;
    return acknowledgePage({ name, language, alerts, consoleUrl, changed });
  }
}

const statuses = { 'not-a-link': 404, expired: 410, 'not-permitted': 403, 'too-many-attempts': 429 } as const;

const refuse = (reply: FastifyReply, why: keyof typeof statuses) => send(reply, statuses[why], refusedPage(why));

const send = (reply: FastifyReply, status: number, html: string) =>
  reply.code(status).type('text/html; charset=utf-8').send(html);
