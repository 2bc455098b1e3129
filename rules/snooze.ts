import type { Alert } from '#domain/alert.ts';
import { AlertId } from '#domain/ids.ts';
import type { Agenda, AgendaEntry } from '#runtime/agenda.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import { nextCallOfAlert } from '#runtime/records/alert-pages.ts';
import { changeAlert, lockAlert } from '#runtime/records/alerts.ts';
import type { Records, Within } from '#runtime/records/connect.ts';
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
      if (!('refused' in woken)) await call(db, woken.alert, now);
    });
    agenda.nudge();
  };

  const onCallAgain = async (entry: AgendaEntry): Promise<void> => {
    await records.transaction().execute(async (db) => {
      const alert = await lockAlert(db, AlertId.parse(entry.subject));
      // what has happened to it since calls by itself, or needs no call any more
      if (alert && Date.parse(alert.raisedAt) === entry.dueAt) await call(db, alert, clock.now());
    });
    agenda.nudge();
  };

  /** Unless a call is still to come, or nobody is to be called. */
  const call = async (db: Within, alert: Alert, now: number): Promise<void> => {
    if (alert.state === 'open' && (await nextCallOfAlert(db, alert)) === null) await paging.begin(db, alert, now);
  };

  agenda.handle(snoozeLook, onLook);
  agenda.handle(callAgain, onCallAgain);
}
