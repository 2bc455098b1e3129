import { useState } from 'react';
import type { Role } from '#domain/people.ts';
import { isOverdue } from '#domain/task.ts';
import type { TaskView } from '#domain/views.ts';
import { useTasks } from '../api/queries.ts';
import { useLanguage } from '../locales/language.ts';
import { Choice } from '../parts/choice.tsx';
import { Answer, Calm } from '../parts/states.tsx';
import { useTitle } from '../parts/title.ts';
import { useNow } from '../time/clock.ts';
import { TaskItem } from './task-item.tsx';

const filters = ['mine', 'overdue', 'due', 'open', 'done'] as const;
type Filter = (typeof filters)[number];

/** What somebody must do by when; what is due first stands first. */
export function TasksPage({ role }: { role: Role }) {
  const { t } = useLanguage();
  useTitle(t('tasks.title'));
  const now = useNow();
  const [filter, setFilter] = useState<Filter>('mine');
  const tasks = useTasks({ done: filter === 'done' });
  const belongs = (task: TaskView): boolean => {
    if (filter === 'mine') return task.role === role;
    if (filter === 'overdue' || filter === 'due') return isOverdue(task, now) === (filter === 'overdue');
    return true;
  };
  return (
    <>
      <div className="page-head">
        <h1>{t('tasks.title')}</h1>
        <Choice
          label={t('tasks.filter')}
          options={filters.map((value) => ({ value, words: t(`tasks.${value}`) }))}
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
                <p>{t('tasks.noneMore')}</p>
              </Calm>
            );
          return (
            <section className="card" aria-label={t('tasks.title')}>
              <ul className="items">
                {shown.map((task) => (
                  <TaskItem
                    key={task.id}
                    task={task}
                    name={task.patientName}
                    age={task.patientAge}
                    doneByName={task.doneByName}
                  />
                ))}
              </ul>
            </section>
          );
        }}
      </Answer>
    </>
  );
}
