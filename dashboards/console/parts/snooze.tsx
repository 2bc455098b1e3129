import { Radio, Textarea } from '@mantine/core';
import { useState } from 'react';
import { type Severity, snoozeAtMostMinutes } from '#domain/alert.ts';
import type { AlertView } from '#domain/views.ts';
import { useSnooze, useUnsnooze } from '../api/actions.ts';
import { Refused } from '../api/request.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { useNow } from '../time/clock.ts';
import { noteAtMost } from './acknowledge.tsx';
import { Dialog } from './dialog.tsx';
import { useTellUndoable } from './undo.tsx';

/** What is offered: the longest that the severity allows, and some shorter ones. */
const offered = {
  critical: [15, 30, snoozeAtMostMinutes.critical],
  urgent: [60, 4 * 60, snoozeAtMostMinutes.urgent],
  routine: [24 * 60, 3 * 24 * 60, snoozeAtMostMinutes.routine],
} as const satisfies Record<Severity, readonly number[]>;

/** "I know; call again later": bounded by how grave it is, and it says what calls before. */
export function Snooze({ alert, close }: { alert: AlertView; close: () => void }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow(60_000);
  const tellUndoable = useTellUndoable();
  const snooze = useSnooze();
  const unsnooze = useUnsnooze();
  const choices = offered[alert.severity];
  const [minutes, setMinutes] = useState<number>(choices[0]);
  const [note, setNote] = useState('');
  const until = (length: number) => times.shortMoment(now + length * 60_000, now);
  return (
    <Dialog
      title={t('alert.snooze.title')}
      close={close}
      submitWords={t('alert.snooze.submit')}
      faultWords={(fault) =>
        fault instanceof Refused && (fault.code === 'nothing-to-snooze' || fault.code === 'called-anew')
          ? t(`alert.refused.${fault.code}`)
          : fault instanceof Refused
            ? t('fault.refused', { code: fault.code })
            : t('fault.notDone')
      }
      submit={async () => {
        const words = note.trim();
        await snooze.mutateAsync({
          alert: alert.id,
          raisedAt: alert.raisedAt,
          minutes,
          ...(words ? { note: words } : {}),
        });
        tellUndoable(
          t('alert.snooze.done', { time: until(minutes) }),
          () => unsnooze.mutateAsync(alert.id),
          t('alert.snooze.undone'),
        );
      }}
    >
      <Radio.Group
        label={t('alert.snooze.howLong')}
        value={String(minutes)}
        onChange={(value) => setMinutes(choices.find((one) => String(one) === value) ?? choices[0])}
      >
        <div className="stack" style={{ gap: 10, marginTop: 8 }}>
          {choices.map((one) => (
            <Radio
              key={one}
              value={String(one)}
              label={t('alert.snooze.until', { length: times.duration(one * 60_000), time: until(one) })}
            />
          ))}
        </div>
      </Radio.Group>
      <div>
        <p>{t('alert.snooze.breaks')}</p>
        <ul className="bullets">
          <li>{t(alert.severity === 'critical' ? 'alert.snooze.renewed' : 'alert.snooze.worse')}</li>
          <li>{t('alert.snooze.back')}</li>
          <li>{t('alert.snooze.silent')}</li>
        </ul>
        <p className="small muted">
          {t('alert.snooze.bound', { length: times.duration(snoozeAtMostMinutes[alert.severity] * 60_000) })}
        </p>
      </div>
      <Textarea
        label={t('common.noteOptional')}
        value={note}
        maxLength={noteAtMost}
        autosize
        minRows={2}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
    </Dialog>
  );
}
