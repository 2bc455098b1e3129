import { Button } from '@mantine/core';
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconCalendarDue,
  IconCheck,
  IconChevronDown,
  IconHandStop,
  IconHistory,
  IconUserOff,
  IconX,
} from '@tabler/icons-react';
import { useId, useState } from 'react';
import type { Task, TaskOutcome } from '#domain/task.ts';
import { reopenWithinMinutes } from '#domain/task-change.ts';
import { useSession } from '../api/queries.ts';
import { type TaskWish, useChangeTask, useTask } from '../api/tasks.ts';
import { useLanguage } from '../locales/language.ts';
import type { workEn } from '../locales/work-en.ts';
import { Moment } from '../parts/ago.tsx';
import { CompleteTask } from '../parts/complete-task.tsx';
import { HandTask } from '../parts/hand-task.tsx';
import { MoveTask } from '../parts/move-task.tsx';
import { Answer } from '../parts/states.tsx';
import { useTaskFaultWords } from '../parts/task-faults.ts';
import { useTell } from '../parts/tell.ts';
import { useNow } from '../time/clock.ts';

/** Does one thing to a task, and says what became of it. */
export function useActing(task: Task) {
  const tell = useTell();
  const faultWords = useTaskFaultWords();
  const { mutateAsync, isPending } = useChangeTask();
  return {
    isPending,
    act: async (wish: TaskWish, done?: string): Promise<void> => {
      try {
        const upshot = await mutateAsync({ task: task.id, ...wish });
        if (upshot !== 'done') tell.othersFirst(upshot.first);
        else if (done) tell.done(done);
      } catch (fault) {
        tell.cannot(faultWords(fault));
      }
    },
  };
}

type Asking = 'complete' | 'not-needed' | 'hand-over' | 'move';

/** The two things that are usual, and the rest on demand. */
export function TaskActs({ task, name, mayAct }: { task: Task; name: string; mayAct: boolean }) {
  const { t, say } = useLanguage();
  const me = useSession().data?.clinician.id;
  const { act, isPending } = useActing(task);
  const [more, setMore] = useState(false);
  const [asking, setAsking] = useState<Asking>();
  const rest = useId();
  const named = { title: say(task.title), name };
  return (
    <>
      <div className="act row">
        {mayAct && !task.doneAt && task.owner !== me && (
          <Button
            variant="default"
            leftSection={<IconHandStop size={18} aria-hidden />}
            aria-label={t('tasks.takeFor', named)}
            loading={isPending}
            onClick={() => void act({ verb: 'take' }, t('tasks.taken'))}
          >
            {t(task.owner ? 'tasks.takeOver' : 'tasks.take')}
          </Button>
        )}
        {mayAct && !task.doneAt && (
          <Button
            variant={task.owner === me ? 'filled' : 'default'}
            leftSection={<IconCheck size={18} aria-hidden />}
            aria-label={t('tasks.completeFor', named)}
            onClick={() => setAsking('complete')}
          >
            {t('tasks.complete')}
          </Button>
        )}
        {mayAct && task.doneAt && task.doneBy && <Reopen task={task} />}
        <Button
          variant="subtle"
          rightSection={<IconChevronDown size={18} aria-hidden />}
          aria-label={t('tasks.moreFor', named)}
          aria-expanded={more}
          aria-controls={rest}
          onClick={() => setMore(!more)}
        >
          {t('tasks.more')}
        </Button>
      </div>
      <div id={rest} className="task-more" hidden={!more}>
        {mayAct && !task.doneAt && (
          <div className="row">
            <Button
              variant="default"
              leftSection={<IconCalendarDue size={18} aria-hidden />}
              onClick={() => setAsking('move')}
            >
              {t('tasks.move')}
            </Button>
            <Button
              variant="default"
              leftSection={<IconArrowForwardUp size={18} aria-hidden />}
              onClick={() => setAsking('hand-over')}
            >
              {t('tasks.handOver')}
            </Button>
            {task.owner === me && (
              <Button
                variant="default"
                leftSection={<IconUserOff size={18} aria-hidden />}
                loading={isPending}
                onClick={() => void act({ verb: 'give-back' }, t('tasks.givenBack'))}
              >
                {t('tasks.giveBack')}
              </Button>
            )}
            <Button
              variant="default"
              leftSection={<IconX size={18} aria-hidden />}
              onClick={() => setAsking('not-needed')}
            >
              {t('tasks.notNeeded')}
            </Button>
          </div>
        )}
        {more && <TaskHistory task={task} />}
      </div>
      {(asking === 'complete' || asking === 'not-needed') && (
        <CompleteTask
          task={task}
          name={name}
          {...(asking === 'not-needed' ? { as: 'not-needed' satisfies TaskOutcome } : {})}
          close={() => setAsking(undefined)}
        />
      )}
      {asking === 'move' && <MoveTask task={task} close={() => setAsking(undefined)} />}
      {asking === 'hand-over' && <HandTask task={task} close={() => setAsking(undefined)} />}
    </>
  );
}

/** While a slip may be undone. */
function Reopen({ task }: { task: Task }) {
  const { t } = useLanguage();
  const now = useNow();
  const { act, isPending } = useActing(task);
  if (!task.doneAt || now - Date.parse(task.doneAt) > reopenWithinMinutes * 60_000) return null;
  return (
    <Button
      variant="default"
      leftSection={<IconArrowBackUp size={18} aria-hidden />}
      loading={isPending}
      onClick={() => void act({ verb: 'reopen' }, t('tasks.reopened'))}
    >
      {t('tasks.reopen')}
    </Button>
  );
}

type KnownEvent = keyof typeof workEn.tasks.events;

function TaskHistory({ task }: { task: Task }) {
  const { t, say } = useLanguage();
  const history = useTask(task.id, true);
  const words: Readonly<Record<string, string>> = t('tasks.events', { returnObjects: true }) satisfies Record<
    KnownEvent,
    string
  >;
  return (
    <div style={{ marginTop: 10 }}>
      <h3 className="row small">
        <IconHistory size={16} aria-hidden />
        {t('alert.history')}
      </h3>
      <Answer of={history}>
        {({ events }) => (
          <ul className="small journal">
            {events.map((event, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: events are appended only, and two may be alike
              <li key={i}>
                <span className="muted numbers">
                  <Moment at={event.at} />
                </span>{' '}
                {words[event.kind] ?? event.kind}
                {event.actor && ` · ${say(event.actor.name)}`}
                {event.to && ` → ${say(event.to.name)}`}
                {event.note && <span className="muted"> · {event.note}</span>}
              </li>
            ))}
          </ul>
        )}
      </Answer>
    </div>
  );
}
