import { Button, TextInput } from '@mantine/core';
import { IconUsersGroup } from '@tabler/icons-react';
import { useState } from 'react';
import type { Severity } from '#domain/alert.ts';
import type { Policies } from '#domain/escalation.ts';
import type { Rehearsal } from '#domain/rota-views.ts';
import { useRehearse } from '../api/on-call.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Choice } from '../parts/choice.tsx';
import { useZone } from '../parts/zone.ts';
import { clock } from '../time/clock.ts';
import { fieldOf, instantOfField } from '../time/format.ts';
import { useFaultWords, useNames, useWhen } from './words.ts';

const shownAtFirst = 8;

/** "If a critical alert came at …": who would be called when. @param draft policies that are not saved yet. */
export function RehearsalCard({ team, draft }: { team: string; draft?: Policies }) {
  const { t } = useLanguage();
  const zone = useZone();
  const faultWords = useFaultWords([]);
  const rehearse = useRehearse(team);
  const [severity, setSeverity] = useState<Severity>('critical');
  const [at, setAt] = useState(() => fieldOf(clock.now(), zone));
  const [empty, setEmpty] = useState(false);
  const begin = instantOfField(at, zone);
  const ask = () => {
    setEmpty(Number.isNaN(begin));
    if (!Number.isNaN(begin))
      rehearse.mutate({ at: new Date(begin).toISOString(), severity, ...(draft ? { policies: draft } : {}) });
  };
  return (
    <section className="card stack" aria-label={t('onCall.rehearsal.title')}>
      <div>
        <h2>{t('onCall.rehearsal.title')}</h2>
        <p className="muted">{t(draft ? 'onCall.rehearsal.leadDraft' : 'onCall.rehearsal.lead')}</p>
      </div>
      <form
        className="filters"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          ask();
        }}
      >
        <Choice
          label={t('onCall.rehearsal.severity')}
          options={(['critical', 'urgent', 'routine'] as const).map((value) => ({
            value,
            words: t(`severity.${value}`),
          }))}
          value={severity}
          choose={setSeverity}
        />
        <TextInput
          type="datetime-local"
          label={t('onCall.rehearsal.at')}
          value={at}
          error={empty && t('onCall.covers.timeNeeded')}
          onChange={(event) => setAt(event.currentTarget.value)}
        />
        <Button type="submit" loading={rehearse.isPending}>
          {t('onCall.rehearsal.ask')}
        </Button>
      </form>
      {rehearse.error && (
        <p className="fault" role="alert">
          {faultWords(rehearse.error)}
        </p>
      )}
      {rehearse.data && (
        <div role="status">
          <Calls told={rehearse.data} begin={Date.parse(rehearse.variables.at)} />
        </div>
      )}
    </section>
  );
}

/** @param begin when the alert would come, ms since 1970. */
function Calls({ told, begin }: { told: Rehearsal; begin: number }) {
  const { t, say } = useLanguage();
  const names = useNames();
  const when = useWhen();
  const { duration } = useTimes();
  const [all, setAll] = useState(false);
  if (!told.calls || told.calls.length === 0) return <p>{t('onCall.rehearsal.none')}</p>;
  const shown = told.calls.slice(0, all ? undefined : shownAtFirst);
  return (
    <div className="stack-small">
      {told.quietUntil && <p>{t('onCall.rehearsal.quiet', { time: when.moment(Date.parse(told.quietUntil)) })}</p>}
      <p className="muted">{t('onCall.rehearsal.ifNobody')}</p>
      <ol className="rehearsed">
        {shown.map(({ at, recipients, channels, everybody }, i) => {
          const afterMs = Date.parse(at) - begin;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: two calls may come at one time
            <li key={i} data-everybody={everybody}>
              <p className="numbers">
                <b>{when.moment(Date.parse(at))}</b>{' '}
                <span className="muted small">
                  {afterMs < 10_000
                    ? t('onCall.rehearsal.atOnce')
                    : t('onCall.rehearsal.round', { after: duration(afterMs) })}
                </span>
              </p>
              <p>
                {names.listed(recipients.map(({ name }) => say(name)))}
                {channels && (
                  <span className="muted">
                    {t('onCall.policy.by', { ways: names.listed(channels.map(names.channel)) })}
                  </span>
                )}
              </p>
              {everybody && (
                <p className="gap-words small">
                  <IconUsersGroup size={16} aria-hidden />
                  {t('onCall.rehearsal.everybody')}
                </p>
              )}
            </li>
          );
        })}
      </ol>
      {shown.length < told.calls.length ? (
        <div>
          <Button variant="default" onClick={() => setAll(true)}>
            {t('onCall.rehearsal.showAll', { count: told.calls.length })}
          </Button>
        </div>
      ) : (
        <p className="muted">{t('onCall.rehearsal.over')}</p>
      )}
    </div>
  );
}
