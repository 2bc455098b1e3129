import { Button, Textarea, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { checklistAtMost, type TaskKind, taskKinds } from '#domain/task.ts';
import { useAddTask } from '../api/tasks.ts';
import { useLanguage } from '../locales/language.ts';
import { clock } from '../time/clock.ts';
import { Choice } from './choice.tsx';
import { ChooseColleague } from './colleague.tsx';
import { Dialog } from './dialog.tsx';
import { MomentField } from './moment-field.tsx';
import { Select } from './select.tsx';
import { useTaskFaultWords } from './task-faults.ts';
import { useTell } from './tell.ts';

const titleAtMost = 200;
const hourMs = 3_600_000;
type Of = { patient: string; team: string; alert?: string };

/** Something that a person wants done about a patient. */
export function NewTask(of: Of) {
  const { t } = useLanguage();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button variant="default" leftSection={<IconPlus size={18} aria-hidden />} onClick={() => setAsking(true)}>
        {t('tasks.add')}
      </Button>
      {asking && <Ask {...of} close={() => setAsking(false)} />}
    </>
  );
}

function Ask({ patient, team, alert, close }: Of & { close: () => void }) {
  const { t } = useLanguage();
  const tell = useTell();
  const faultWords = useTaskFaultWords();
  const { mutateAsync } = useAddTask(patient);
  const [kind, setKind] = useState<TaskKind>('call');
  const [title, setTitle] = useState('');
  const [role, setRole] = useState<'nurse' | 'doctor'>('nurse');
  // a full hour that leaves a shift's time
  const [dueAt, setDueAt] = useState(() => Math.ceil(clock.now() / hourMs) * hourMs + 3 * hourMs);
  const [owner, setOwner] = useState('');
  const [list, setList] = useState('');
  const [tried, setTried] = useState(false);
  const past = Number.isNaN(dueAt) || dueAt <= clock.now();
  const items = list
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const tooMany = items.length > checklistAtMost || items.some((item) => item.length > titleAtMost);
  return (
    <Dialog
      title={t('tasks.add')}
      close={close}
      submitWords={t('tasks.addSubmit')}
      faultWords={faultWords}
      submit={async () => {
        setTried(true);
        if (title.trim() === '' || past || tooMany) return false;
        await mutateAsync({
          ...{ kind, title: title.trim(), role, dueAt: new Date(dueAt).toISOString() },
          ...{ owner: owner || null, checklist: items, alert: alert ?? null },
        });
        tell.done(t('tasks.added'));
        return true;
      }}
    >
      <Select
        label={t('tasks.what')}
        options={taskKinds.map((one) => ({ value: one, words: t(`tasks.kind.${one}`) }))}
        value={kind}
        choose={(value) => setKind(taskKinds.find((one) => one === value) ?? kind)}
      />
      <TextInput
        label={t('tasks.titleField')}
        required
        value={title}
        maxLength={titleAtMost}
        error={tried && title.trim() === '' ? t('tasks.titleMissing') : undefined}
        onChange={(event) => setTitle(event.currentTarget.value)}
      />
      <MomentField
        label={t('tasks.dueField')}
        value={dueAt}
        change={setDueAt}
        error={tried && past ? t('tasks.duePast') : undefined}
      />
      <div>
        <p className="field-words">{t('tasks.whom')}</p>
        <Choice
          label={t('tasks.whom')}
          options={(['nurse', 'doctor'] as const).map((value) => ({ value, words: t(`shell.role.${value}`) }))}
          value={role}
          choose={setRole}
        />
      </div>
      <ChooseColleague
        team={team}
        label={t('tasks.ownerField')}
        nobody={t('tasks.ownerNobody')}
        value={owner}
        choose={setOwner}
      />
      <Textarea
        label={t('tasks.listField')}
        description={t('tasks.listMore')}
        value={list}
        autosize
        minRows={2}
        error={tried && tooMany ? t('tasks.listTooLong', { items: checklistAtMost }) : undefined}
        onChange={(event) => setList(event.currentTarget.value)}
      />
    </Dialog>
  );
}
