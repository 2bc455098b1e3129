import { type Alert, severities } from '#domain/alert.ts';
import { canary } from '#domain/canary.ts';
import { waitAfter } from '#domain/escalation.ts';
import type { PageId } from '#domain/ids.ts';
import type { Clinician } from '#domain/people.ts';
import { instant } from '#runtime/clock.ts';
import { findAlert, lockAlert, recordAlertEvent } from '#runtime/records/alerts.ts';
import { announce } from '#runtime/records/changes.ts';
import type { Within } from '#runtime/records/connect.ts';
import { mayTakeOver } from '#runtime/records/on-call.ts';
import {
  claimPages,
  lastMessageAsGrave,
  letGo,
  letWait,
  lockRecipient,
  pagesBeside,
} from '#runtime/records/page-groups.ts';
import {
  callsBefore,
  findPage,
  type Page,
  pagesOfStep,
  patientOfAlert,
  recordFault,
  recordSent,
} from '#runtime/records/pages.ts';
import type { Health } from '#runtime/service.ts';
import { book } from '../book/index.ts';
import { canaryChannel } from '../canary.ts';
import type { Delivery } from '../channels/channel.ts';
import { createDeliver } from '../channels/deliver.ts';
import { messageText } from '../words/group-text.ts';
import type { PageSubject } from '../words/page-text.ts';
import { mayGoAt, messageOf, together, groupWithinMs as usualGroupMs } from './group.ts';
import type { PagingConfig, PagingDeps } from './notify.ts';

/**
 * Sends what is due: pages to one person by one channel in one message, where they come close together. Every alert is read again just
 * before it goes, and what somebody has acknowledged meanwhile is left out.
 */
export interface Sending {
  /** This page, and whatever goes along with it. Changes nothing when it is not due any more. */
  send(id: PageId): Promise<void>;
  health(): Health;
}

/** Longer than a channel takes to give up: nobody sends a page that is being sent. */
const leaseMs = 20_000;
/** The waits before the second, third, … attempt of one page. */
const pausesMs = [5_000, 15_000, 30_000, 60_000, 60_000];

export type SendingDeps = PagingDeps & {
  putSend(db: Within, id: PageId, which: string, dueAt: number): Promise<void>;
  cancel(db: Within, alert: Alert): Promise<void>;
  callNext(db: Within, alert: Alert, page: Page, now: number): Promise<void>;
};

type Message = { id: string; recipient: Clinician | undefined; pages: Page[]; subjects: Subject[] };
type Subject = Omit<PageSubject, 'acknowledgeUrl'>;

export function createSending(deps: SendingDeps, config: PagingConfig): Sending {
  const { records, agenda, channels, links, clock, log, metrics, putSend, cancel } = deps;
  const deliver = createDeliver(deps);
  const withinMs = config.groupWithinMs ?? usualGroupMs;
  const home = config.publicUrl.replace(/\/$/, '');
  /** The last fault of each channel, until it works again. */
  const faults = new Map<string, string>();

  const send = async (id: PageId): Promise<void> => {
    const message = await records.transaction().execute((db) => takeInHand(db, id));
    if (message) await record(message.pages, await deliverMessage(message));
    agenda.nudge();
  };

  /** Puts the message together and looks at its alerts a last time, just before sending; undefined when there is nothing to send. */
  const takeInHand = async (db: Within, id: PageId): Promise<Message | undefined> => {
    const found = await findPage(db, id);
    if (found?.state !== 'due') return undefined;
    const person = await lockRecipient(db, found.recipient);
    const alert = await findAlert(db, found.alert);
    if (!alert) return undefined;
    const now = clock.now();
    const beside = await pagesBeside(db, found, alert.team);
    const lead = beside.find((page) => page.id === id) ?? { ...found, severity: alert.severity };
    if (alert.state !== 'open') {
      await cancel(db, alert);
      return undefined;
    }
    // it waits for company, or somebody has it in hand, or had it and died: look again when that time is over
    const last = await lastMessageAsGrave(db, lead, alert.team, { since: now - withinMs, now });
    const goesAt = lead.dueAt > now ? lead.dueAt : mayGoAt(lead, last, now, withinMs);
    if (goesAt > now) {
      await letWait(db, id, goesAt);
      // named by now as well: a clock that is set back may bring us here twice for one moment
      await putSend(db, id, `after-${goesAt}-${now}`, goesAt);
      return undefined;
    }
    const pages: Page[] = [];
    const subjects: Subject[] = [];
    for (const page of together(lead, beside, now)) {
      const about = page.id === id ? alert : await findAlert(db, page.alert);
      if (about?.state === 'open') {
        pages.push(page);
        subjects.push(await subjectOf(db, page, about));
      } else if (about) await cancel(db, about);
    }
    const ids = pages.map((page) => page.id);
    const message = messageOf(ids);
    await claimPages(db, ids, message, now, now + leaseMs);
    // whoever has left the team since the step began is told nothing more of its patients
    const recipient = person && (await mayTakeOver(db, alert.team, person.id)) ? person : undefined;
    return { id: message, recipient, pages, subjects };
  };

  const subjectOf = async (db: Within, page: Page, alert: Alert): Promise<Subject> => ({
    ...(await patientOfAlert(db, alert.id)),
    alert,
    call: await callsBefore(db, page),
    nextCallMs: alert.escalation ? waitAfter(alert.escalation, page.step - page.base) : undefined,
    advice: book.find((rule) => rule.rule === alert.rule)?.advice ?? null,
    url: `${home}/alerts/${alert.id}`,
  });

  const deliverMessage = async ({ id, recipient, pages, subjects }: Message): Promise<Delivery> => {
    const channel = [...channels, canaryChannel].find(({ name }) => name === pages[0]?.channel);
    if (!channel) return { ok: false, retry: false, fault: 'the channel is not configured' };
    if (!recipient)
      return { ok: false, retry: false, fault: 'the clinician may not be called any more', ofRecipient: true };
    const now = clock.now();
    const alerts = subjects.map(({ alert }) => alert.id);
    return deliver(channel, {
      id,
      alerts: pages.map(({ alert, step }) => ({ alert, step })),
      severity: gravest(subjects),
      recipient,
      url: subjects.length === 1 && subjects[0] ? subjects[0].url : `${home}/`,
      acknowledgeUrl: links.acknowledgeUrl(alerts, recipient.id, now),
      write({ confidential, acknowledgeUrl }) {
        const linkTo = (alert: Alert) =>
          acknowledgeUrl === null ? null : links.acknowledgeUrl([alert.id], recipient.id, now);
        const linked = subjects.map((subject) => ({ ...subject, acknowledgeUrl: linkTo(subject.alert) }));
        return messageText(linked, `${home}/`, recipient.language, confidential, now);
      },
    });
  };

  const record = async (pages: readonly Page[], delivery: Delivery): Promise<void> => {
    const [first] = pages;
    if (!first) return;
    await records.transaction().execute(async (db) => {
      const now = clock.now();
      // always in the same order: two messages with an alert in common must not wait for each other
      for (const page of pages.toSorted((a, b) => (a.alert < b.alert ? -1 : 1))) {
        const alert = await lockAlert(db, page.alert);
        if (!alert) continue;
        if (delivery.ok) await recordDelivered(db, alert, page, now);
        else await recordFailed(db, alert, page, delivery, now);
        await announce(db, [{ kind: 'page', team: alert.team, patient: alert.patient, id: alert.id }]);
      }
      if (!delivery.ok) for (const id of await letGo(db, first, now)) await putSend(db, id, `after-${now}`, now);
    });
    if (delivery.ok) faults.delete(first.channel);
    else {
      if (!delivery.ofRecipient) faults.set(first.channel, delivery.fault);
      const { channel, attempts } = first;
      log.warn('a page did not get through', {
        page: first.id,
        channel,
        attempts: attempts + 1,
        fault: delivery.fault,
      });
    }
    const outcome = delivery.ok ? 'sent' : delivery.retry ? 'retry' : 'failed';
    metrics.pages.inc({ channel: first.channel, outcome }, pages.length);
  };

  const recordDelivered = async (db: Within, alert: Alert, page: Page, now: number): Promise<void> => {
    await recordSent(db, page.id, now);
    await recordAlertEvent(db, alert.id, {
      ...{ at: instant(now), kind: 'paged', actor: null, note: null },
      detail: { channel: page.channel, step: page.step, recipient: page.recipient },
    });
    if (page.step === 0 && alert.team !== canary.team)
      metrics.pageSeconds.observe((now - Date.parse(alert.openedAt)) / 1000);
  };

  const recordFailed = async (
    db: Within,
    alert: Alert,
    page: Page,
    { retry, fault }: { retry: boolean; fault: string },
    now: number,
  ): Promise<void> => {
    const pauseMs = retry ? pausesMs[page.attempts] : undefined;
    const again = pauseMs === undefined ? null : now + pauseMs;
    await recordFault(db, page.id, fault, again);
    if (again !== null) await putSend(db, page.id, `after-${again}`, again);
    // once, when the last hope of the step has failed for the first time
    if (alert.state === 'open' && page.fault === null && (await reachesNobody(db, page)))
      await deps.callNext(db, alert, page, now);
  };

  return {
    send,
    health() {
      if (channels.length === 0)
        return { state: 'degraded', trouble: 'no-channel', detail: 'no channel for pages is configured' };
      if (faults.size === 0) return { state: 'ok' };
      const detail = [...faults].map(([channel, fault]) => `${channel}: ${fault}`).join('; ');
      return { state: faults.size < channels.length ? 'degraded' : 'down', trouble: 'pages-fail', detail };
    },
  };
}

const gravest = (subjects: readonly Subject[]) =>
  subjects
    .map(({ alert }) => alert.severity)
    .reduce((a, b) => (severities.indexOf(b) > severities.indexOf(a) ? b : a), 'routine');

/** Every page of the step has been tried, and none has been sent. */
async function reachesNobody(db: Within, page: Page): Promise<boolean> {
  const pages = await pagesOfStep(db, page.alert, page.step);
  return pages.every((p) => p.state === 'failed' || (p.state === 'due' && p.fault !== null));
}
