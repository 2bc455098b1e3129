import { useState } from 'react';
import type { Role } from '#domain/people.ts';
import type { TaskView } from '#domain/views.ts';
import { useTasks } from '../api/queries.ts';
import { useLanguage } from '../locales/language.ts';
import { Choice } from '../parts/choice.tsx';
import { Answer, Calm } from '../parts/states.tsx';
import { useTitle } from '../parts/title.ts';
import { TaskItem } from './task-item.tsx';

const filters = ['mine', 'role', 'overdue', 'open', 'done'] as const;
type Filter = (typeof filters)[number];

/** What somebody must do by when; what is due first stands first. */
export function TasksPage({ role }: { role: Role }) {
  const { t } = useLanguage();
  useTitle(t('tasks.title'));
  const [filter, setFilter] = useState<Filter>(role === 'administrator' ? 'open' : 'role');
  const tasks = useTasks({
    done: filter === 'done',
    ...(filter === 'mine' ? { owner: 'me' } : {}),
    ...(filter === 'overdue' ? { overdue: true } : {}),
  });
  // what a colleague has taken is theirs
  const belongs = (task: TaskView): boolean => filter !== 'role' || (task.role === role && task.owner === null);
  const offered = role === 'administrator' ? (['overdue', 'open', 'done'] as const) : filters;
  return (
    <>
      <div className="page-head">
        <h1>{t('tasks.title')}</h1>
        <Choice
          label={t('tasks.filter')}
          options={offered.map((value) => ({ value, words: t(`tasks.filters.${value}`) }))}
          value={filter}
          choose={setFilter}
        />
      </div>
      <Answer of={tasks}>
        {(answer) => {
          const shown = answer.tasks.filter(belongs);
          if (shown.length === 0)
            return (
              <Calm title={t('tasks.none')}>
                <p>{t(`tasks.empty.${filter}`)}</p>
              </Calm>
            );
          return (
            <section className="card" aria-label={t('tasks.title')}>
              <ul className="items">
                {shown.map((task) => (
                  <TaskItem key={task.id} task={task} name={task.patientName} age={task.patientAge} />
                ))}
              </ul>
            </section>
          );
        }}
      </Answer>
    </>
  );
}
