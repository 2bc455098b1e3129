import { TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Task } from '#domain/task.ts';
import { useChangeTask } from '../api/tasks.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { clock } from '../time/clock.ts';
import { Dialog } from './dialog.tsx';
import { MomentField } from './moment-field.tsx';
import { useTaskFaultWords } from './task-faults.ts';
import { useTell } from './tell.ts';

const reasonAtMost = 500;

/** Another time by which a task is due, and why: the reason stands in its history. */
export function MoveTask({ task, close }: { task: Task; close: () => void }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const tell = useTell();
  const faultWords = useTaskFaultWords();
  const { mutateAsync } = useChangeTask();
  const [dueAt, setDueAt] = useState(Date.parse(task.dueAt));
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const past = Number.isNaN(dueAt) || dueAt <= clock.now();
  return (
    <Dialog
      title={t('tasks.moveTitle')}
      close={close}
      submitWords={t('tasks.move')}
      faultWords={faultWords}
      submit={async () => {
        setTried(true);
        if (past || reason.trim() === '') return false;
        const upshot = await mutateAsync({
          ...{ task: task.id, verb: 'move', reason: reason.trim() },
          dueAt: new Date(dueAt).toISOString(),
        });
        if (upshot === 'done') tell.done(t('tasks.moved', { time: times.shortMoment(dueAt, clock.now()) }));
        else tell.othersFirst(upshot.first);
        return true;
      }}
    >
      <p>{say(task.title)}</p>
      <MomentField
        label={t('tasks.dueNew')}
        value={dueAt}
        change={setDueAt}
        error={tried && past ? t('tasks.duePast') : undefined}
      />
      <TextInput
        label={t('tasks.moveWhy')}
        required
        value={reason}
        maxLength={reasonAtMost}
        error={tried && reason.trim() === '' ? t('tasks.moveWhyMissing') : undefined}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </Dialog>
  );
}
