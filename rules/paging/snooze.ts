import { AlertId } from '#domain/ids.ts';
import type { Agenda, AgendaEntry } from '#runtime/agenda.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import { nextCallOfAlert } from '#runtime/records/alert-pages.ts';
import { changeAlert, lockAlert } from '#runtime/records/alerts.ts';
import type { Records } from '#runtime/records/connect.ts';
import { callAgain, endOfSnooze, putSnoozeLook, snoozeLook } from '#runtime/records/snoozes.ts';
import type { Paging } from './notify.ts';

/** When a snooze is over, or was undone, the alert calls again. Before `agenda.start`. */
export function handleSnoozes(deps: { records: Records; agenda: Agenda; paging: Paging; clock: Clock }): void {
  const { records, agenda, paging, clock } = deps;

  const onLook = async (entry: AgendaEntry): Promise<void> => {
    await records.transaction().execute(async (db) => {
      const alert = await lockAlert(db, AlertId.parse(entry.subject));
      if (!alert?.snooze) return;
      const { snooze } = alert;
      // a clock that was set back between the agenda and here must not make a snooze last for ever
      const now = Math.max(clock.now(), entry.dueAt);
      const end = await endOfSnooze(db, { ...alert, snooze });
      if (end.at > now) return putSnoozeLook(db, alert.id, end.at);
      const woken = await changeAlert(db, alert.id, { kind: 'wake', why: end.why, at: instant(now) });
      // it calls from the beginning: what was still to come before the snooze may be hours away
      if (!('refused' in woken) && woken.alert.state === 'open') await paging.begin(db, woken.alert, now);
    });
    agenda.nudge();
  };

  const onCallAgain = async (entry: AgendaEntry): Promise<void> => {
    await records.transaction().execute(async (db) => {
      const alert = await lockAlert(db, AlertId.parse(entry.subject));
      // what has happened to it since calls by itself, or needs no call any more
      if (alert?.state !== 'open' || Date.parse(alert.raisedAt) !== entry.dueAt) return;
      // as if the snooze had never been: unless a call is still to come
      if ((await nextCallOfAlert(db, alert)) === null) await paging.begin(db, alert, clock.now());
    });
    agenda.nudge();
  };

  agenda.handle(snoozeLook, onLook);
  agenda.handle(callAgain, onCallAgain);
}
