import type { Alert, Severity } from '#domain/alert.ts';
import { canary } from '#domain/canary.ts';
import { isQuiet } from '#domain/contact.ts';
import { type CallDue, callDue, quietUntil, startsRound, waitAfter } from '#domain/escalation.ts';
import { AlertId, type ClinicianId, PageId } from '#domain/ids.ts';
import type { Agenda, AgendaEntry } from '#runtime/agenda.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import type { Links } from '#runtime/links.ts';
import type { Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { Random } from '#runtime/random.ts';
import { lockAlert, recordAlertEvent } from '#runtime/records/alerts.ts';
import { announce } from '#runtime/records/changes.ts';
import type { Records, Within } from '#runtime/records/connect.ts';
import { callableOf } from '#runtime/records/on-call.ts';
import { addPages, cancelPages, hasReachedSomebody, lastBase, nextFreeStep } from '#runtime/records/pages.ts';
import { reaches } from '#runtime/records/reachability.ts';
import type { Health } from '#runtime/service.ts';
import type { Channel } from '../channels/channel.ts';
import { firstDue } from './group.ts';
import { createSending } from './send.ts';

/**
 * From an alert to a person who answers. The decision and its outbox rows stand in one transaction; sending comes after (send.ts), at
 * least once. A policy is data in the alert; who is on call is asked when a step begins. When a step reaches nobody, the next one
 * begins at once; when none of them reached anybody, the rounds begin again; and a gap in the rota calls everybody of the team.
 */
export interface Paging {
  /** Within the transaction in which the alert began to call: opened, worsened, renewed, or awake again. */
  begin(db: Within, alert: Alert, now: number): Promise<void>;
  health(): Health;
}

/** With every channel away, one alert calls so often as its policy says: about three days where two are called every quarter of an hour. */
const stepsAtMost = 500;
/** And from then on so seldom: whoever nobody ever reached must be called once a channel is back, however late. */
const seldomMs = 3_600_000;

export type PagingDeps = {
  records: Records;
  agenda: Agenda;
  channels: readonly Channel[];
  links: Pick<Links, 'acknowledgeUrl'>;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Metrics;
};

/** `groupWithinMs`: how long alerts wait for each other, a minute usually. */
export type PagingConfig = { publicUrl: string; groupWithinMs?: number };

export function createPaging(deps: PagingDeps, config: PagingConfig): Paging {
  const { records, agenda, channels, clock, random, log } = deps;

  const beginStep = async (db: Within, alert: Alert, call: Call, now: number): Promise<void> => {
    const { escalation } = alert;
    // it worsened, or came back: it calls from the beginning, and not twice side by side
    if (!escalation || call.base < (await lastBase(db, alert.id))) return;
    const morning = quietUntil(escalation, now);
    if (morning !== undefined) return putStep(db, alert, call, morning, `-${morning}`);
    const due = callDue(escalation, call.nth, await callableOf(db, alert.team, now));
    if (due.kind === 'round-over')
      return putStep(db, alert, { base: call.base, nth: due.nth }, now + escalation.repeatAfterSeconds * 1000);
    if (due.kind === 'over') return endRounds(db, alert, call, now);
    if (due.everybody) {
      log.error('nobody is on call, everybody of the team is called', { alert: alert.id, team: alert.team });
      await recordAlertEvent(db, alert.id, { at: instant(now), kind: 'nobody-on-call', actor: null, note: null });
    }
    await addPagesOf(db, alert, call.base, due, now);
    const wait = waitAfter(escalation, due.nth) ?? escalation.repeatAfterSeconds * 1000;
    await putStep(db, alert, { base: call.base, nth: due.nth + 1 }, now + wait);
    await announce(db, [{ kind: 'page', team: alert.team, patient: alert.patient, id: alert.id }]);
  };

  const endRounds = async (db: Within, alert: Alert, { base, nth }: Call, now: number): Promise<void> => {
    // rounds that reached nobody at all fell into an outage: they do not count
    if (!(await hasReachedSomebody(db, alert.id, base))) {
      const anew = { base: base + nth, nth: 0 };
      return anew.base < stepsAtMost ? beginStep(db, alert, anew, now) : putStep(db, alert, anew, now + seldomMs);
    }
    log.error('nobody acknowledged an alert, and everybody has been called', { alert: alert.id });
    await recordAlertEvent(db, alert.id, { at: instant(now), kind: 'nobody-answered', actor: null, note: null });
  };

  const addPagesOf = async (db: Within, alert: Alert, base: number, due: Due, now: number): Promise<void> => {
    if (channels.length === 0 && alert.team !== canary.team)
      log.error('an alert calls, and no channel is configured', { alert: alert.id });
    const dueAt = firstDue(alert.severity, now, config.groupWithinMs);
    const pages = (await waysTo(db, due, alert.severity, now)).map((way) => ({
      id: PageId.parse(random.uuid()),
      alert: alert.id,
      step: base + due.nth,
      base,
      dueAt,
      ...way,
    }));
    for (const id of await addPages(db, pages, now)) await putSend(db, id, 'first', dueAt);
  };

  /**
   * The channels of the step by which each can be reached; where they have none of them, any other. Whoever can be reached by none at
   * all is tried by all of the step's: that it fails must be seen, and calls the next.
   */
  const waysTo = async (db: Within, due: Due, severity: Severity, now: number): Promise<Way[]> => {
    if (due.recipients.includes(canary.clinician)) return [{ channel: canary.channel, recipient: canary.clinician }];
    const named = channels.filter(({ name }) => due.channels?.includes(name) ?? true);
    const chosen = named.length > 0 ? named : channels;
    const known = await reaches(db, due.recipients);
    const rooms = chosen.filter((channel) => channel.reaches === 'group');
    const personal = chosen.filter((channel) => channel.reaches !== 'group');
    return [
      ...due.recipients.flatMap((recipient) => {
        const ways = (known.get(recipient) ?? []).filter(({ quiet }) => !isQuiet(quiet, severity, now));
        const open = channels.map(({ name }) => name).filter((name) => ways.some(({ channel }) => channel === name));
        const wished = open.filter((name) => personal.some((channel) => channel.name === name));
        const usable = [wished, open].find((names) => names.length > 0) ?? personal.map(({ name }) => name);
        return usable.map((channel) => ({ channel, recipient }));
      }),
      // a room is told once
      ...due.recipients.slice(0, 1).flatMap((recipient) => rooms.map(({ name }) => ({ channel: name, recipient }))),
    ];
  };

  const putStep = (db: Within, alert: Alert, { base, nth }: Call, dueAt: number, which = ''): Promise<void> =>
    agenda.put(db, {
      key: `page-step-${alert.id}-${base}-${nth}${which}`,
      kind: 'page-step',
      subject: `${alert.id}/${base}`,
      step: nth,
      dueAt,
    });

  const putSend = (db: Within, id: PageId, which: string, dueAt: number): Promise<void> =>
    agenda.put(db, { key: `page-send-${id}-${which}`, kind: 'page-send', subject: id, step: 0, dueAt });

  const onStep = async (entry: AgendaEntry): Promise<void> => {
    const [id = '', base = ''] = entry.subject.split('/');
    await records.transaction().execute(async (db) => {
      const alert = await lockAlert(db, AlertId.parse(id));
      if (!alert) return;
      // by a clock that was set back since the agenda looked it would be before the morning again, for which this very entry stands
      const now = Math.max(clock.now(), entry.dueAt);
      if (alert.state === 'open') await beginStep(db, alert, { base: Number(base), nth: entry.step }, now);
      else await cancel(db, alert);
    });
    agenda.nudge();
  };

  const cancel = async (db: Within, alert: Alert): Promise<void> => {
    if ((await cancelPages(db, alert.id)) > 0)
      await announce(db, [{ kind: 'page', team: alert.team, patient: alert.patient, id: alert.id }]);
  };

  /** No page of this step got through. A new round waits. */
  const callNext = async (
    db: Within,
    alert: Alert,
    page: { step: number; base: number },
    now: number,
  ): Promise<void> => {
    await recordAlertEvent(db, alert.id, {
      ...{ at: instant(now), kind: 'undeliverable', actor: null, note: null },
      detail: { step: page.step },
    });
    log.error('a call reached nobody by any channel', { alert: alert.id, step: page.step });
    const next = page.step - page.base + 1;
    if (alert.escalation && !startsRound(alert.escalation, next))
      await beginStep(db, alert, { base: page.base, nth: next }, now);
  };

  const sending = createSending({ ...deps, putSend, cancel, callNext }, config);
  agenda.handle('page-step', onStep);
  agenda.handle('page-send', (entry) => sending.send(PageId.parse(entry.subject.split('/')[0])));

  return {
    async begin(db, alert, now) {
      if (alert.escalation) await beginStep(db, alert, { base: await nextFreeStep(db, alert.id), nth: 0 }, now);
    },
    health: sending.health,
  };
}

/** The nth call of an alert. `base` is the step number of its first: an alert that worsens calls again from the beginning. */
type Call = { base: number; nth: number };

type Way = { channel: string; recipient: ClinicianId };
type Due = Extract<CallDue, { kind: 'call' }>;
