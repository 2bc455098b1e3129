import type { Clock } from '../clock.ts';
import { instant } from '../clock.ts';
import { faultDetails, type Log } from '../log.ts';
import type { Mailer } from '../mail.ts';
import type { Random } from '../random.ts';
import type { Records } from '../records/connect.ts';
import {
  forgetPlatform,
  type KeptAlert,
  keepPlatformAlert,
  openPlatformAlerts,
  type Said,
  sayComponents,
} from '../records/platform.ts';
import type { Health, Service } from '../service.ts';
import { judge, keyOf, type Standing, troubleOf } from './judge.ts';
import { mailOf, type Notice } from './notice.ts';
import type { Sign } from './signs.ts';

/**
 * Looks after the platform itself: asks every component of this process how it is, opens an alert when something has not worked for
 * longer than it may, and closes it when it works again. Alerts are kept in PostgreSQL, and in memory while that is away; each is
 * logged, and mailed to the operator where one is named.
 */

export const lookEveryMs = 10_000;
/** What happens meanwhile goes into one mail. */
export const mailAtMostEveryMs = 60_000;
const mailTriesAtMost = 60;
/** Beyond it the oldest are not mailed any more; they stand in the records and in the log. */
const noticesAtMost = 200;
const unsavedAtMost = 1_000;
/** Logs are to be kept for six months at least (PRC Cybersecurity Law, article 21). */
const alertsKeptMs = 400 * 24 * 3_600_000;
const processesKeptMs = 7 * 24 * 3_600_000;

type Deps = {
  records: Records;
  health: () => Record<string, Health>;
  signs: readonly Sign[];
  mailer?: Mailer;
  clock: Clock;
  random: Random;
  log: Log;
};
/** `operator`: a mail address. `process`: as this process is called among those of the platform. */
type OverseerConfig = { process: string; publicUrl: string; operator?: string };

export function createOverseer(deps: Deps, config: OverseerConfig): Service {
  const { records, health, signs, mailer, clock, random, log } = deps;
  const { process, publicUrl, operator } = config;
  const alerts = new Map<string, KeptAlert>();
  const unsaved = new Map<string, KeptAlert>();
  const seenBySign = new Map<Sign, Record<string, Health>>();
  let standing: Standing[] = [];
  let notices: Notice[] = [];
  let mailedAt = Number.NEGATIVE_INFINITY;
  let mailTries = 0;
  let loaded = false;
  let stopped = false;
  let stopTimer = () => {};

  const change = (alert: KeptAlert) => {
    unsaved.set(alert.id, alert);
    const [oldest] = unsaved.keys();
    if (oldest !== undefined && unsaved.size > unsavedAtMost) unsaved.delete(oldest);
  };
  const tell = (notice: Notice) => {
    notices = [...notices, notice].slice(-noticesAtMost);
  };

  /** From memory alone: it works while everything else is away. */
  const look = (): Record<string, Health> => {
    const now = clock.now();
    const seen = Object.assign({}, health(), ...seenBySign.values()) as Record<string, Health>;
    const judged = judge(standing, seen, now, clock.elapsed());
    standing = judged.standing;
    for (const one of judged.opened) {
      const alert = alertFrom(one, { id: random.uuid(), process, now });
      alerts.set(keyOf(one), alert);
      log.error('a platform alert was opened', {
        alert: alert.id,
        component: one.component,
        trouble: one.trouble,
        detail: one.detail,
      });
      change(alert);
      tell({ alert, what: 'opened' });
    }
    for (const one of judged.closed) close(keyOf(one), now);
    return seen;
  };
  const close = (key: string, now: number) => {
    const alert = alerts.get(key);
    alerts.delete(key);
    if (!alert) return;
    alert.closedAt = instant(now);
    log.info('a platform alert was closed', { alert: alert.id, component: alert.component, trouble: alert.trouble });
    change(alert);
    tell({ alert, what: 'closed' });
  };

  /** What an earlier life of this process left open goes on, unless it is well now. */
  const load = async () => {
    for (const alert of await openPlatformAlerts(records, process)) {
      const key = keyOf(alert);
      // opened anew while the records could not be asked
      const double = alerts.get(key)?.id;
      if (double !== undefined) unsaved.delete(double);
      notices = notices.filter((notice) => notice.alert.id !== double);
      alerts.set(key, alert);
      if (alert.mailedAt === null) tell({ alert, what: 'opened' });
      const elapsed = clock.elapsed();
      const { component, trouble, state, detail } = alert;
      const known = standing.filter((one) => keyOf(one) !== key);
      const since = Date.parse(alert.since);
      standing = [
        ...known,
        { component, trouble, state, detail, since, begunAt: elapsed, seenAt: elapsed, open: true },
      ];
    }
    const now = clock.now();
    await forgetPlatform(records, { alerts: now - alertsKeptMs, processes: now - processesKeptMs });
    loaded = true;
  };

  const save = alone(async (seen: Record<string, Health>) => {
    if (!loaded) await load();
    for (const alert of [...unsaved.values()]) {
      await keepPlatformAlert(records, alert);
      unsaved.delete(alert.id);
    }
    if (!stopped) await sayComponents(records, process, saidOf(seen), clock.now());
  });

  const heedSigns = alone(async () => {
    for (const sign of signs) {
      try {
        seenBySign.set(sign, await sign());
      } catch (fault) {
        log.debug('a sign cannot be seen at present', faultDetails(fault));
      }
    }
  });

  const mail = alone(async () => {
    if (!mailer || !operator || notices.length === 0) return;
    if (clock.elapsed() - mailedAt < mailAtMostEveryMs) return;
    mailedAt = clock.elapsed();
    const told = notices;
    const urgent = told.some(({ alert, what }) => what === 'opened' && alert.state === 'down');
    const delivery = await mailer.send({ id: random.uuid(), to: operator, ...mailOf(told, publicUrl), urgent });
    mailTries += 1;
    if (!delivery.ok && delivery.retry && mailTries < mailTriesAtMost) return;
    if (!delivery.ok) log.warn('the operator could not be told by mail', { fault: delivery.fault });
    mailTries = 0;
    notices = notices.filter((notice) => !told.includes(notice));
    for (const { alert, what } of told) {
      if (!delivery.ok || what !== 'opened') continue;
      alert.mailedAt = instant(clock.now());
      change(alert);
    }
  });

  const round = async () => {
    const seen = look();
    // a mail server that is slow keeps nobody waiting
    void mail();
    await heedSigns();
    await save(seen).catch((fault) => log.debug('what the overseer saw could not be kept', faultDetails(fault)));
  };

  return {
    name: 'overseer',
    start: async () => {
      await load().catch((fault) => log.debug('what was open could not be read', faultDetails(fault)));
      await round();
      stopTimer = clock.every(lookEveryMs, () => void round());
    },
    /** Whoever stops in order is missed by nobody. */
    stop: async () => {
      stopped = true;
      stopTimer();
      await sayComponents(records, process, [], clock.now()).catch(() => {});
    },
    health: () => ({ state: 'ok' }),
  };
}

function alertFrom(one: Standing, { id, process, now }: { id: string; process: string; now: number }): KeptAlert {
  const { component, trouble, state, detail } = one;
  const times = { since: instant(one.since), openedAt: instant(now), closedAt: null, mailedAt: null };
  return { id, process, component, trouble, state, detail, ...times };
}

const saidOf = (seen: Record<string, Health>): Said[] =>
  Object.entries(seen).map(([component, says]) => ({
    component,
    state: says.state,
    trouble: troubleOf(says),
    detail: says.detail ?? null,
  }));

/** At most one at a time; who comes meanwhile is served by the next round. */
function alone<Given extends unknown[]>(work: (...given: Given) => Promise<void>): (...given: Given) => Promise<void> {
  let running = false;
  return async (...given) => {
    if (running) return;
    running = true;
    try {
      await work(...given);
    } finally {
      running = false;
    }
  };
}
