import type { Alert } from '#domain/alert.ts';
import { AlertId, PageId } from '#domain/ids.ts';
import type { Agenda, AgendaEntry } from '#runtime/agenda.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import type { Links } from '#runtime/links.ts';
import type { Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { Random } from '#runtime/random.ts';
import { findAlert, lockAlert, recordAlertEvent } from '#runtime/records/alerts.ts';
import { announce } from '#runtime/records/changes.ts';
import type { Records, Within } from '#runtime/records/connect.ts';
import {
  addPages,
  addresseeOf,
  cancelPages,
  claimPage,
  findPage,
  hasReachedSomebody,
  nextFreeStep,
  type Page,
  pagesOfStep,
  recordFault,
  recordSent,
} from '#runtime/records/pages.ts';
import type { Health } from '#runtime/service.ts';
import { book } from './book/index.ts';
import type { Channel, Delivery } from './channels/channel.ts';
import { createDeliver } from './channels/deliver.ts';
import { callStep, startsRound, waitAfter } from './escalate.ts';
import { pageText } from './page-text.ts';

/**
 * From an alert to a person who answers. The decision and its outbox rows stand in one transaction; sending comes after, at least
 * once; before each attempt the alert is read again, and once somebody has acknowledged it nobody else is called. When a step
 * reaches nobody, the next one begins at once; when none of them reached anybody, the rounds begin again.
 */
export interface Paging {
  /** Within the transaction that opened or worsened the alert. */
  begin(db: Within, alert: Alert, now: number): Promise<void>;
  health(): Health;
}

/** Longer than a channel takes to give up: nobody sends a page that is being sent. */
const leaseMs = 20_000;
/** With every channel away, one alert calls so often: about three days where two are called every quarter of an hour. */
const stepsAtMost = 500;
/** The waits before the second, third, … attempt of one page. */
const pausesMs = [5_000, 15_000, 30_000, 60_000, 60_000];

export function createPaging(
  deps: {
    records: Records;
    agenda: Agenda;
    channels: readonly Channel[];
    links: Pick<Links, 'acknowledgeUrl'>;
    clock: Clock;
    random: Random;
    log: Log;
    metrics: Metrics;
  },
  config: { publicUrl: string },
): Paging {
  const { records, agenda, channels, links, clock, random, log, metrics } = deps;
  const deliver = createDeliver(deps);
  /** The last fault of each channel, until it works again. */
  const faults = new Map<string, string>();

  const beginStep = async (db: Within, alert: Alert, call: Call, now: number): Promise<void> => {
    const step = alert.escalation && callStep(alert.escalation, call.nth);
    if (alert.escalation && !step && call.base + call.nth < stepsAtMost) {
      // rounds that reached nobody at all fell into an outage: they do not count
      if (!(await hasReachedSomebody(db, alert.id, call.base)))
        return beginStep(db, alert, { base: call.base + call.nth, nth: 0 }, now);
    }
    if (!alert.escalation || !step) {
      log.error('nobody acknowledged an alert, and everybody has been called', { alert: alert.id });
      return recordAlertEvent(db, alert.id, { at: instant(now), kind: 'nobody-answered', actor: null, note: null });
    }
    if (channels.length === 0) log.error('an alert calls, and no channel is configured', { alert: alert.id });
    const pages = step.recipients.flatMap((recipient) =>
      channels.map((channel) => ({
        id: PageId.parse(random.uuid()),
        alert: alert.id,
        step: call.base + call.nth,
        channel: channel.name,
        recipient,
      })),
    );
    for (const id of await addPages(db, pages, now)) await putSend(db, id, call.base, 'first', now);
    await agenda.put(db, {
      key: `page-step-${alert.id}-${call.base}-${call.nth + 1}`,
      kind: 'page-step',
      subject: `${alert.id}/${call.base}`,
      step: call.nth + 1,
      dueAt: now + (waitAfter(alert.escalation, call.nth) ?? alert.escalation.repeatAfterSeconds * 1000),
    });
    await announce(db, [{ kind: 'page', team: alert.team, patient: alert.patient, id: alert.id }]);
  };

  const putSend = (db: Within, id: PageId, base: number, which: string, dueAt: number): Promise<void> =>
    agenda.put(db, {
      key: `page-send-${id}-${which}`,
      kind: 'page-send',
      subject: `${id}/${base}`,
      step: 0,
      dueAt,
    });

  const onStep = async (entry: AgendaEntry): Promise<void> => {
    const [id, base] = parts(entry.subject);
    await records.transaction().execute(async (db) => {
      const alert = await lockAlert(db, AlertId.parse(id));
      if (!alert) return;
      if (alert.state === 'open') await beginStep(db, alert, { base, nth: entry.step }, clock.now());
      else await cancel(db, alert);
    });
    agenda.nudge();
  };

  const onSend = async (entry: AgendaEntry): Promise<void> => {
    const [text, base] = parts(entry.subject);
    const id = PageId.parse(text);
    const found = await findPage(records, id);
    if (found?.state !== 'due') return;
    const channel = channels.find((c) => c.name === found.channel);
    const addressee = await addresseeOf(records, found);
    const alert = await takeInHand(found, base);
    if (!alert) return agenda.nudge();
    const call = { base, nth: found.step - base };
    if (!channel) return record(found, call, { ok: false, retry: false, fault: 'the channel is not configured' });
    if (!addressee)
      return record(found, call, { ok: false, retry: false, fault: 'the clinician may not be called any more' });

    const url = `${config.publicUrl.replace(/\/$/, '')}/alerts/${alert.id}`;
    const { recipient } = addressee;
    const subject = {
      ...addressee,
      alert,
      call: call.nth,
      nextCallMs: alert.escalation ? waitAfter(alert.escalation, call.nth) : undefined,
      advice: book.find((rule) => rule.rule === alert.rule)?.advice ?? null,
      url,
    };
    const delivery = await deliver(channel, {
      id,
      alerts: [{ alert: alert.id, step: found.step }],
      severity: alert.severity,
      recipient,
      url,
      acknowledgeUrl: links.acknowledgeUrl([alert.id], recipient.id, clock.now()),
      write: ({ confidential, acknowledgeUrl }) =>
        pageText({ ...subject, acknowledgeUrl }, recipient.language, confidential, clock.now()),
    });
    await record(found, call, delivery);
  };

  /** Claims the page and looks at the alert a last time, just before sending; undefined when there is nothing to send. */
  const takeInHand = (page: Page, base: number): Promise<Alert | undefined> =>
    records.transaction().execute(async (db) => {
      const alert = await findAlert(db, page.alert);
      if (!alert) return undefined;
      if (alert.state !== 'open') {
        await cancel(db, alert);
        return undefined;
      }
      const now = clock.now();
      if (await claimPage(db, page.id, now, now + leaseMs)) return alert;
      // somebody has it in hand, or had it and died: look again when their time is over
      const again = await findPage(db, page.id);
      if (again?.state === 'due') await putSend(db, page.id, base, `after-${again.dueAt}`, again.dueAt);
      return undefined;
    });

  const record = async (page: Page, call: Call, delivery: Delivery): Promise<void> => {
    const attempts = page.attempts + 1;
    await records.transaction().execute(async (db) => {
      const alert = await lockAlert(db, page.alert);
      if (!alert) return;
      const now = clock.now();
      const event = { at: instant(now), actor: null, note: null };
      const detail = { channel: page.channel, step: page.step, recipient: page.recipient };
      if (delivery.ok) {
        await recordSent(db, page.id, now);
        await recordAlertEvent(db, alert.id, { ...event, kind: 'paged', detail });
        if (page.step === 0) metrics.pageSeconds.observe((now - Date.parse(alert.openedAt)) / 1000);
      } else {
        const pauseMs = delivery.retry ? pausesMs[page.attempts] : undefined;
        const again = pauseMs === undefined ? null : now + pauseMs;
        await recordFault(db, page.id, delivery.fault, again);
        if (again !== null) await putSend(db, page.id, call.base, `after-${again}`, again);
        // once, when the last hope of the step has failed for the first time
        if (alert.state === 'open' && page.fault === null && (await reachesNobody(db, page)))
          await callNext(db, alert, call, now);
      }
      await announce(db, [{ kind: 'page', team: alert.team, patient: alert.patient, id: alert.id }]);
    });
    if (delivery.ok) faults.delete(page.channel);
    else {
      faults.set(page.channel, delivery.fault);
      log.warn('a page did not get through', { page: page.id, channel: page.channel, attempts, fault: delivery.fault });
    }
    const outcome = delivery.ok ? 'sent' : delivery.retry ? 'retry' : 'failed';
    metrics.pages.inc({ channel: page.channel, outcome });
    agenda.nudge();
  };

  const callNext = async (db: Within, alert: Alert, call: Call, now: number): Promise<void> => {
    await recordAlertEvent(db, alert.id, {
      at: instant(now),
      kind: 'undeliverable',
      actor: null,
      note: null,
      detail: { step: call.base + call.nth },
    });
    log.error('a call reached nobody by any channel', { alert: alert.id, step: call.base + call.nth });
    if (alert.escalation && callStep(alert.escalation, call.nth + 1) && !startsRound(alert.escalation, call.nth + 1))
      await beginStep(db, alert, { base: call.base, nth: call.nth + 1 }, now);
  };

  const cancel = async (db: Within, alert: Alert): Promise<void> => {
    if ((await cancelPages(db, alert.id)) > 0)
      await announce(db, [{ kind: 'page', team: alert.team, patient: alert.patient, id: alert.id }]);
  };

  agenda.handle('page-step', onStep);
  agenda.handle('page-send', onSend);

  return {
    async begin(db, alert, now) {
      if (alert.escalation) await beginStep(db, alert, { base: await nextFreeStep(db, alert.id), nth: 0 }, now);
    },
    health() {
      if (channels.length === 0)
        return { state: 'degraded', trouble: 'no-channel', detail: 'no channel for pages is configured' };
      if (faults.size === 0) return { state: 'ok' };
      const detail = [...faults].map(([channel, fault]) => `${channel}: ${fault}`).join('; ');
      return { state: faults.size < channels.length ? 'degraded' : 'down', trouble: 'pages-fail', detail };
    },
  };
}

/** The nth call of an alert. `base` is the step number of its first: an alert that worsens calls again from the beginning. */
type Call = { base: number; nth: number };

function parts(subject: string): [id: string, base: number] {
  const [id = '', base = ''] = subject.split('/');
  return [id, Number(base)];
}

/** Every page of the step has been tried, and none has been sent. */
async function reachesNobody(db: Within, page: Page): Promise<boolean> {
  const pages = await pagesOfStep(db, page.alert, page.step);
  return pages.every((p) => p.state === 'failed' || (p.state === 'due' && p.fault !== null));
}
