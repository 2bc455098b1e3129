import { IconCircleCheck, IconClockExclamation, IconClockHour4 } from '@tabler/icons-react';
import { Link } from 'wouter';
import { isOverdue, type Task } from '#domain/task.ts';
import type { Words } from '#domain/words.ts';
import { useMayAct } from '../api/queries.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { CompleteTask } from '../parts/complete-task.tsx';
import { useNow } from '../time/clock.ts';

/** One task: what, for whom, until when, and the button that completes it. `bare` where the page names the patient already. */
export function TaskItem(props: { task: Task; name: Words; age?: number; doneByName?: Words | null; bare?: boolean }) {
  const { t, say } = useLanguage();
  const { task, name, age, bare } = props;
  const mayAct = useMayAct();
  return (
    <li className="item">
      <div>
        <p className="title">{say(task.title)}</p>
        {!bare && (
          <p>
            <Link href={`/patients/${task.patient}`}>{say(name)}</Link>{' '}
            {age !== undefined && <span className="muted">{t('common.age', { age })}</span>}
          </p>
        )}
        <div className="row small muted">
          <Due task={task} doneByName={props.doneByName ?? null} />
          <span>{t(`tasks.kind.${task.kind}`)}</span>
          <span>{t('tasks.forRole', { role: t(`shell.role.${task.role}`) })}</span>
          {task.alert && !bare && <Link href={`/alerts/${task.alert}`}>{t('tasks.fromAlert')}</Link>}
        </div>
        {task.outcome && (
          <p className="muted">{[t(`tasks.outcomes.${task.outcome}`), task.result].filter(Boolean).join(' · ')}</p>
        )}
      </div>
      <div className="act">{mayAct && !task.doneAt && <CompleteTask task={task} name={say(name)} />}</div>
    </li>
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
