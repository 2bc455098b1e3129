import { useState } from 'react';
import type { Task } from '#domain/task.ts';
import { useChangeTask } from '../api/tasks.ts';
import { useLanguage } from '../locales/language.ts';
import { ChooseColleague } from './colleague.tsx';
import { Dialog } from './dialog.tsx';
import { useTaskFaultWords } from './task-faults.ts';
import { useTell } from './tell.ts';

/** Gives a task to a colleague. */
export function HandTask({ task, close }: { task: Task; close: () => void }) {
  const { t, say } = useLanguage();
  const tell = useTell();
  const faultWords = useTaskFaultWords();
  const { mutateAsync } = useChangeTask();
  const [to, setTo] = useState('');
  const [missing, setMissing] = useState(false);
  return (
    <Dialog
      title={t('tasks.handOverTitle')}
      close={close}
      submitWords={t('tasks.handOver')}
      faultWords={faultWords}
      submit={async () => {
        if (to === '') {
          setMissing(true);
          return false;
        }
        const upshot = await mutateAsync({ task: task.id, verb: 'hand-over', to });
        if (upshot === 'done') tell.done(t('tasks.handedOver'));
        else tell.othersFirst(upshot.first);
        return true;
      }}
    >
      <p>{say(task.title)}</p>
      <ChooseColleague
        team={task.team}
        without={task.owner}
        label={t('alert.handOver.to')}
        nobody={t('alert.handOver.choose')}
        value={to}
        choose={setTo}
        error={missing && to === '' ? t('alert.handOver.missing') : undefined}
      />
    </Dialog>
  );
}
