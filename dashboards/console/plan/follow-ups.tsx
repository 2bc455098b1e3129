import { Button, Textarea, TextInput } from '@mantine/core';
import { IconPencil, IconPlus, IconRepeat, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { FollowUp } from '#domain/care-plan.ts';
import { taskKinds } from '#domain/task.ts';
import type { PatientView } from '#domain/views.ts';
import type { Language, Words } from '#domain/words.ts';
import { dayIn } from '#domain/zone.ts';
import { seededRandom, systemRandom } from '#runtime/random.ts';
import { useMayAct } from '../api/queries.ts';
import { useLanguage } from '../locales/language.ts';
import { renamed } from '../on-call/named.ts';
import { Choice } from '../parts/choice.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Select } from '../parts/select.tsx';
import { useTell } from '../parts/tell.ts';
import { useZone } from '../parts/zone.ts';
import { clock } from '../time/clock.ts';
import { Whole } from './expected.tsx';
import { usePutting } from './putting.ts';
import { usePlanWords } from './words.ts';

const daysAtMost = 366;

/** Tasks that come again. */
export function FollowUpPart({ view }: { view: PatientView }) {
  const { t, say } = useLanguage();
  const words = usePlanWords();
  const tell = useTell();
  const zone = useZone();
  const mayAct = useMayAct();
  const { put } = usePutting(view);
  const [asking, setAsking] = useState<FollowUp>();
  const { followUp } = view.carePlan;
  const blank = (): FollowUp => ({
    // browsers make ids of their own over TLS only
    ...{
      id: seededRandom(Math.floor(systemRandom.next() * 2 ** 32)).uuid(),
      kind: 'call',
      title: { en: '', zh: '' },
      role: 'nurse',
      checklist: [],
    },
    ...{ firstOn: dayIn(zone, clock.now()), everyDays: 7 },
  });
  return (
    <section className="card stack-small">
      <div className="page-head plan-head">
        <div>
          <h2>{t('plan.followUp.title')}</h2>
          <p className="muted small">{t('plan.followUp.lead')}</p>
        </div>
        {mayAct && (
          <Button variant="default" leftSection={<IconPlus size={18} aria-hidden />} onClick={() => setAsking(blank())}>
            {t('plan.followUp.add')}
          </Button>
        )}
      </div>
      {followUp.length === 0 && <p className="muted">{t('plan.followUp.none')}</p>}
      <ul className="items">
        {followUp.map((one) => (
          <li className="item" key={one.id}>
            <div>
              <p className="title">{say(one.title)}</p>
              <p className="row small muted">
                <span className="row" style={{ gap: 4 }}>
                  <IconRepeat size={16} aria-hidden />
                  {words.again(one)}
                </span>
                <span>{t(`tasks.kind.${one.kind}`)}</span>
                <span>{t('tasks.forRole', { role: t(`shell.role.${one.role}`) })}</span>
              </p>
              {one.checklist.length > 0 && <p className="small">{words.listed(one.checklist.map(say))}</p>}
            </div>
            {mayAct && (
              <div className="act row">
                <Button
                  variant="default"
                  leftSection={<IconPencil size={18} aria-hidden />}
                  aria-label={`${t('plan.change')}: ${say(one.title)}`}
                  onClick={() => setAsking(one)}
                >
                  {t('plan.change')}
                </Button>
                <Button
                  variant="default"
                  leftSection={<IconTrash size={18} aria-hidden />}
                  aria-label={`${t('plan.remove')}: ${say(one.title)}`}
                  onClick={() =>
                    void put(
                      { part: 'follow-up', followUp: followUp.filter(({ id }) => id !== one.id) },
                      t('plan.followUp.removed'),
                    ).catch(tell.failed)
                  }
                >
                  {t('plan.remove')}
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
      {asking && <Ask view={view} one={asking} close={() => setAsking(undefined)} />}
    </section>
  );
}

function Ask({ view, one, close }: { view: PatientView; one: FollowUp; close: () => void }) {
  const { t, say, language } = useLanguage();
  const words = usePlanWords();
  const { put } = usePutting(view);
  const [kind, setKind] = useState(one.kind);
  const [role, setRole] = useState(one.role === 'doctor' ? ('doctor' as const) : ('nurse' as const));
  const [title, setTitle] = useState(say(one.title));
  const [list, setList] = useState(one.checklist.map(say).join('\n'));
  const [firstOn, setFirstOn] = useState(one.firstOn);
  const [everyDays, setEveryDays] = useState(one.everyDays);
  const [tried, setTried] = useState(false);
  return (
    <Dialog
      title={t('plan.followUp.one')}
      close={close}
      submitWords={t('plan.save')}
      faultWords={words.fault}
      submit={async () => {
        setTried(true);
        if (title.trim() === '' || firstOn === '') return false;
        const next: FollowUp = {
          ...{ id: one.id, kind, role, firstOn, everyDays },
          title: renamed(one.title, title.trim(), language),
          checklist: kept(one.checklist, list, language),
        };
        const { followUp } = view.carePlan;
        const known = followUp.some(({ id }) => id === one.id);
        const all = known ? followUp.map((other) => (other.id === one.id ? next : other)) : [...followUp, next];
        await put({ part: 'follow-up', followUp: all }, t('plan.saved'));
        return true;
      }}
    >
      <Select
        label={t('tasks.what')}
        options={taskKinds.map((value) => ({ value, words: t(`tasks.kind.${value}`) }))}
        value={kind}
        choose={(value) => setKind(taskKinds.find((each) => each === value) ?? kind)}
      />
      <TextInput
        label={t('tasks.titleField')}
        required
        maxLength={200}
        value={title}
        error={tried && title.trim() === '' ? t('tasks.titleMissing') : undefined}
        onChange={(event) => setTitle(event.currentTarget.value)}
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
      <div className="two fields-side">
        <TextInput
          type="date"
          label={t('plan.followUp.first')}
          value={firstOn}
          error={tried && firstOn === '' ? t('plan.missing') : undefined}
          onChange={(event) => setFirstOn(event.currentTarget.value)}
        />
        <Whole label={t('plan.followUp.days')} value={everyDays} most={daysAtMost} change={setEveryDays} />
      </div>
      <Textarea
        label={t('tasks.listField')}
        description={t('tasks.listMore')}
        value={list}
        autosize
        minRows={2}
        onChange={(event) => setList(event.currentTarget.value)}
      />
    </Dialog>
  );
}

/** A line that nobody changed keeps its other language. */
function kept(before: readonly Words[], list: string, language: Language): Words[] {
  return list
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => before.find((words) => words[language] === line) ?? { en: line, zh: line });
}
