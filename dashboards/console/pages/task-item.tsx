import { IconCircleCheck, IconClockExclamation, IconClockHour4, IconRepeat, IconUser } from '@tabler/icons-react';
import { Link } from 'wouter';
import { isOverdue, type Task } from '#domain/task.ts';
import type { Words } from '#domain/words.ts';
import { useMayAct } from '../api/queries.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { useNow } from '../time/clock.ts';
import { TaskActs, useActing } from './task-acts.tsx';

type Props = {
  task: Task & { ownerName?: Words | null; doneByName?: Words | null };
  name: Words;
  age?: number;
  /** Where the page names the patient already. */
  bare?: boolean;
};

/** One task: what, for whom, until when, who has it, and what can be done with it. */
export function TaskItem({ task, name, age, bare }: Props) {
  const { t, say } = useLanguage();
  const mayAct = useMayAct();
  return (
    <li className="item task">
      <div>
        <p className="title">{say(task.title)}</p>
        {!bare && (
          <p>
            <Link href={`/patients/${task.patient}`}>{say(name)}</Link>{' '}
            {age !== undefined && <span className="muted">{t('common.age', { age })}</span>}
          </p>
        )}
        <div className="row small muted">
          <Due task={task} doneByName={task.doneByName ?? null} />
          <span>{t(`tasks.kind.${task.kind}`)}</span>
          <Whose task={task} />
          {task.followUp && (
            <span className="row" style={{ gap: 4 }}>
              <IconRepeat size={16} aria-hidden />
              {t('tasks.fromPlan')}
            </span>
          )}
          {task.alert && !bare && <Link href={`/alerts/${task.alert}`}>{t('tasks.fromAlert')}</Link>}
        </div>
        {task.outcome && (
          <p className="muted">{[t(`tasks.outcomes.${task.outcome}`), task.result].filter(Boolean).join(' · ')}</p>
        )}
        <Checklist task={task} mayAct={mayAct && !task.doneAt} />
      </div>
      <TaskActs task={task} name={say(name)} mayAct={mayAct} />
    </li>
  );
}

function Whose({ task }: Pick<Props, 'task'>) {
  const { t, say } = useLanguage();
  if (task.doneAt) return null;
  if (!task.owner) return <span>{t('tasks.forRole', { role: t(`shell.role.${task.role}`) })}</span>;
  return (
    <span className="row" style={{ gap: 4 }}>
      <IconUser size={16} aria-hidden />
      {task.ownerName ? say(task.ownerName) : t('tasks.somebody')}
    </span>
  );
}

function Checklist({ task, mayAct }: Pick<Props, 'task'> & { mayAct: boolean }) {
  const { t, say } = useLanguage();
  const { act, isPending } = useActing(task);
  if (task.checklist.length === 0) return null;
  return (
    <fieldset className="checklist">
      <legend className="visually-hidden">{t('tasks.list')}</legend>
      {task.checklist.map(({ text, done }, item) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an item is its place in the list
        <label key={item}>
          <input
            type="checkbox"
            checked={done !== null}
            disabled={!mayAct || isPending}
            onChange={(event) => void act({ verb: 'checklist', item, done: event.currentTarget.checked })}
          />
          <span>{say(text)}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Due({ task, doneByName }: { task: Task; doneByName: Words | null }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = useNow();
  if (task.doneAt) {
    const time = times.shortMoment(task.doneAt, now);
    return (
      <span className="chip" data-severity="well">
        <IconCircleCheck size={16} aria-hidden />
        {doneByName ? t('tasks.doneBy', { name: say(doneByName), time }) : t('tasks.doneAt', { time })}
      </span>
    );
  }
  const ago = times.ago(task.dueAt, now);
  return isOverdue(task, now) ? (
    <span className="chip" data-severity="urgent">
      <IconClockExclamation size={16} aria-hidden />
      {t('tasks.overdueSince', { ago })}
    </span>
  ) : (
    <span className="chip" data-severity="routine">
      <IconClockHour4 size={16} aria-hidden />
      {t('tasks.dueAt', { ago })} ({times.shortMoment(task.dueAt, now)})
    </span>
  );
}
