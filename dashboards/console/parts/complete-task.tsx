import { Radio, Textarea } from '@mantine/core';
import { useState } from 'react';
import { type Task, type TaskOutcome, taskOutcomes } from '#domain/task.ts';
import { reopenWithinMinutes } from '#domain/task-change.ts';
import { useChangeTask } from '../api/tasks.ts';
import { useLanguage } from '../locales/language.ts';
import { noteAtMost } from './acknowledge.tsx';
import { Dialog } from './dialog.tsx';
import { useTaskFaultWords } from './task-faults.ts';
import { useTell } from './tell.ts';
import { useTellUndoable } from './undo.tsx';

/** Closes a task with how it ended, and what came of it in words. `as`: what is chosen at first. */
export function CompleteTask(props: { task: Task; name: string; as?: TaskOutcome; close: () => void }) {
  const { t, say } = useLanguage();
  const { task, name, as, close } = props;
  const tell = useTell();
  const tellUndoable = useTellUndoable();
  const faultWords = useTaskFaultWords();
  const { mutateAsync } = useChangeTask();
  const outcomes: readonly TaskOutcome[] = taskOutcomes[task.kind];
  const [outcome, setOutcome] = useState<TaskOutcome | null>(as ?? null);
  const [result, setResult] = useState('');
  const [missing, setMissing] = useState(false);

  const submit = async () => {
    if (!outcome || result.trim() === '') {
      setMissing(true);
      return false;
    }
    const upshot = await mutateAsync({ task: task.id, verb: 'complete', outcome, result: result.trim() });
    if (upshot === 'done')
      tellUndoable(
        t('tasks.completed', { minutes: reopenWithinMinutes }),
        () => mutateAsync({ task: task.id, verb: 'reopen' }),
        t('tasks.reopened'),
      );
    else tell.othersFirst(upshot.first);
    return true;
  };
  return (
    <Dialog
      title={t(as === 'not-needed' ? 'tasks.notNeededTitle' : 'tasks.completeTitle')}
      close={close}
      submitWords={t(as === 'not-needed' ? 'tasks.notNeeded' : 'tasks.complete')}
      faultWords={faultWords}
      submit={submit}
    >
      <p>
        <b>{name}</b> · {say(task.title)}
      </p>
      {as !== 'not-needed' && (
        <Radio.Group
          label={t('tasks.outcome')}
          value={outcome ?? ''}
          error={missing && !outcome ? t('tasks.outcomeMissing') : undefined}
          onChange={(value) => setOutcome(outcomes.find((one) => one === value) ?? null)}
        >
          <div className="stack" style={{ gap: 10, marginTop: 8 }}>
            {outcomes.map((one) => (
              <Radio key={one} value={one} label={t(`tasks.outcomes.${one}`)} />
            ))}
          </div>
        </Radio.Group>
      )}
      <Textarea
        label={t(as === 'not-needed' ? 'tasks.notNeededWhy' : 'tasks.result')}
        required
        error={missing && result.trim() === '' ? t('tasks.resultMissing') : undefined}
        value={result}
        maxLength={noteAtMost}
        autosize
        minRows={3}
        onChange={(event) => setResult(event.currentTarget.value)}
      />
    </Dialog>
  );
}
