import { Button, Modal, Radio, Textarea } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { type Task, type TaskOutcome, taskOutcomes } from '#domain/task.ts';
import { useCompleteTask } from '../api/actions.ts';
import { useLanguage } from '../locales/language.ts';
import { noteAtMost } from './acknowledge.tsx';
import { useTell } from './tell.ts';

/** Closes a task with how it ended, and what came of it in words. */
export function CompleteTask({ task, name }: { task: Task; name: string }) {
  const { t, say } = useLanguage();
  const tell = useTell();
  const { mutateAsync, isPending } = useCompleteTask();
  const [asking, setAsking] = useState(false);
  const outcomes: readonly TaskOutcome[] = taskOutcomes[task.kind];
  const [outcome, setOutcome] = useState<TaskOutcome | null>(null);
  const [result, setResult] = useState('');
  const [missing, setMissing] = useState(false);

  const submit = async () => {
    if (!outcome || result.trim() === '') return setMissing(true);
    try {
      const upshot = await mutateAsync({ task: task.id, outcome, result: result.trim() });
      setAsking(false);
      if (upshot === 'done') tell.done(t('tasks.completed'));
      else tell.othersFirst(upshot.first);
    } catch (fault) {
      tell.failed(fault);
    }
  };
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconCheck size={18} aria-hidden />}
        aria-label={t('tasks.completeFor', { title: say(task.title), name })}
        onClick={() => setAsking(true)}
      >
        {t('tasks.complete')}
      </Button>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('tasks.completeTitle')}
        closeButtonProps={{ 'aria-label': t('common.close') }}
        centered
      >
        <form
          className="stack"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <p>
            <b>{name}</b> · {say(task.title)}
          </p>
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
          <Textarea
            label={t('tasks.result')}
            required
            error={missing && result.trim() === '' ? t('tasks.resultMissing') : undefined}
            value={result}
            maxLength={noteAtMost}
            autosize
            minRows={3}
            onChange={(event) => setResult(event.currentTarget.value)}
          />
          <Button type="submit" size="md" loading={isPending}>
            {t('tasks.complete')}
          </Button>
        </form>
      </Modal>
    </>
  );
}
