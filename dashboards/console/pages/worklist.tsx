import { Button, TextInput } from '@mantine/core';
import {
  IconAlertOctagonFilled,
  IconAlertTriangleFilled,
  IconCircleCheck,
  IconEye,
  IconSearch,
  IconUserCheck,
  IconWifiOff,
} from '@tabler/icons-react';
import { useState } from 'react';
import type { Worklist, WorklistEntry } from '#domain/views.ts';
import { useWorklist } from '../api/queries.ts';
import { useLanguage } from '../locales/language.ts';
import { Answer, Calm } from '../parts/states.tsx';
import { useTitle } from '../parts/title.ts';
import { type Group, groupOf, groups, matches } from './triage.ts';
import { Entry } from './worklist-entry.tsx';

/** The first page: who needs me most, and why. */
export function WorklistPage() {
  const { t } = useLanguage();
  useTitle(t('worklist.title'));
  const worklist = useWorklist();
  return <Answer of={worklist}>{(answer) => <Sorted worklist={answer} />}</Answer>;
}

type Choice = Group | 'silent' | 'all';
const belongs = (entry: WorklistEntry, choice: Choice): boolean =>
  choice === 'all' || (choice === 'silent' ? entry.silent : groupOf(entry) === choice);

function Sorted({ worklist }: { worklist: Worklist }) {
  const { t } = useLanguage();
  const [choice, setChoice] = useState<Choice>('all');
  const [search, setSearch] = useState('');
  const shown = worklist.entries.filter((entry) => belongs(entry, choice) && matches(entry, search.trim()));
  const waiting = worklist.entries.some((entry) => ['now', 'today', 'review'].includes(groupOf(entry)));
  const narrowed = choice !== 'all' || search.trim() !== '';
  return (
    <>
      <div className="page-head">
        <h1>{t('worklist.title')}</h1>
        <TextInput
          type="search"
          aria-label={t('worklist.search')}
          placeholder={t('worklist.searchPlaceholder')}
          leftSection={<IconSearch size={18} aria-hidden />}
          w="min(340px, 100%)"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      </div>
      <Counts entries={worklist.entries} choice={choice} choose={setChoice} />
      {!narrowed && !waiting && (
        <div style={{ marginTop: 16 }}>
          <Calm title={t('worklist.calm')}>
            <p>{t('worklist.calmMore', { count: worklist.entries.length })}</p>
          </Calm>
        </div>
      )}
      {narrowed && shown.length === 0 && (
        <div style={{ marginTop: 16 }}>
          <Calm title={t('worklist.nothingFound')}>
            <p>{t('worklist.nothingFoundMore')}</p>
            <Button
              variant="default"
              onClick={() => {
                setChoice('all');
                setSearch('');
              }}
            >
              {t('worklist.clear')}
            </Button>
          </Calm>
        </div>
      )}
      {groups.map((group) => (
        <GroupOfEntries key={group} group={group} entries={shown.filter((entry) => groupOf(entry) === group)} />
      ))}
    </>
  );
}

const tiles = [
  { choice: 'now', severity: 'critical', Icon: IconAlertOctagonFilled },
  { choice: 'today', severity: 'urgent', Icon: IconAlertTriangleFilled },
  { choice: 'in-hand', severity: 'quiet', Icon: IconUserCheck },
  { choice: 'review', severity: 'quiet', Icon: IconEye },
  { choice: 'silent', severity: 'quiet', Icon: IconWifiOff },
  { choice: 'all', severity: 'quiet', Icon: IconCircleCheck },
] as const;

function Counts(props: { entries: WorklistEntry[]; choice: Choice; choose: (choice: Choice) => void }) {
  const { t } = useLanguage();
  return (
    <fieldset className="counts" style={{ border: 0, margin: 0, padding: 0 }}>
      <legend className="visually-hidden">{t('worklist.filter')}</legend>
      {tiles.map(({ choice, severity, Icon }) => {
        const amount = props.entries.filter((entry) => belongs(entry, choice)).length;
        return (
          <button
            key={choice}
            type="button"
            className="count"
            data-severity={severity}
            data-some={amount > 0}
            aria-pressed={props.choice === choice}
            onClick={() => props.choose(props.choice === choice ? 'all' : choice)}
          >
            <Icon size={18} aria-hidden />
            <b>{amount}</b>
            {choice === 'silent' || choice === 'all' ? t(`worklist.${choice}`) : t(`worklist.groupsShort.${choice}`)}
          </button>
        );
      })}
    </fieldset>
  );
}

function GroupOfEntries({ group, entries }: { group: Group; entries: WorklistEntry[] }) {
  const { t } = useLanguage();
  if (entries.length === 0) return null;
  return (
    <section aria-labelledby={`group-${group}`}>
      <div className="group-head">
        <h2 id={`group-${group}`}>{t(`worklist.groups.${group}`)}</h2>
        <span className="amount numbers">{entries.length}</span>
      </div>
      <ol className="entries">
        {entries.map((entry) => (
          <Entry key={entry.patient.id} entry={entry} group={group} />
        ))}
      </ol>
    </section>
  );
}
