import { Button, Modal, TextInput } from '@mantine/core';
import { useDeferredValue, useState } from 'react';
import { Link, useSearch } from 'wouter';
import {
  type QuarantinePayload,
  type QuarantineView,
  quarantineReasons,
  type ReleaseView,
} from '#domain/administration.ts';
import { panels } from '#domain/vitals.ts';
import { useQuarantine, useRelease, useShowQuarantined } from '../api/admin.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Choice } from '../parts/choice.tsx';
import { Quantity } from '../parts/quantity.tsx';
import { Select } from '../parts/select.tsx';
import { Answer, Calm } from '../parts/states.tsx';
import { useTell } from '../parts/tell.ts';
import { clock, useNow } from '../time/clock.ts';
import { Dialog } from './dialog.tsx';
import { Frame } from './frame.tsx';
import { subjectIn } from './subject.ts';

/** What could not be admitted: why, from whom, what was sent, and the way in after a correction. */

const states = ['waiting', 'released', 'recorded'] as const;
const hourMs = 3_600_000;
const spans = { all: null, '24h': 24 * hourMs, '7d': 7 * 24 * hourMs, '30d': 30 * 24 * hourMs };
type Span = keyof typeof spans;

export function QuarantinePage() {
  const { t } = useLanguage();
  const asked = new URLSearchParams(useSearch()).get('source') ?? '';
  const [state, setState] = useState<(typeof states)[number]>('waiting');
  const [reason, setReason] = useState('');
  const [source, setSource] = useState(asked);
  const [span, setSpan] = useState<Span>('all');
  // chosen once: a question that changes with every tick of the clock is asked for ever
  const [from, setFrom] = useState<string>();
  const wanted = useDeferredValue(source.trim());
  const subject = subjectIn(wanted);
  const found = useQuarantine({
    state,
    ...(reason ? { reason } : {}),
    ...subject,
    ...(from ? { from } : {}),
  });
  const isFiltered = reason !== '' || wanted !== '' || state !== 'waiting' || span !== 'all';
  const chooseSpan = (next: Span) => {
    setSpan(next);
    const length = spans[next];
    setFrom(length === null ? undefined : new Date(clock.now() - length).toISOString());
  };
  return (
    <Frame page="quarantine" lead={t('admin.quarantine.lead')}>
      <div className="stack">
        <div className="filters">
          <Choice
            label={t('admin.quarantine.state')}
            options={states.map((value) => ({ value, words: t(`admin.quarantine.states.${value}`) }))}
            value={state}
            choose={setState}
          />
          <Select
            label={t('admin.quarantine.reason')}
            first={t('admin.quarantine.any')}
            value={reason}
            choose={setReason}
            options={quarantineReasons.map((value) => ({ value, words: t(`admin.quarantine.reasons.${value}`) }))}
          />
          <Select
            label={t('admin.quarantine.time')}
            value={span}
            choose={(next) => chooseSpan(next as Span)}
            options={(Object.keys(spans) as Span[]).map((value) => ({
              value,
              words: t(`admin.quarantine.times.${value}`),
            }))}
          />
          <TextInput
            label={t('admin.quarantine.source')}
            value={source}
            maxLength={64}
            onChange={(event) => setSource(event.currentTarget.value)}
          />
        </div>
        <Answer of={found}>
          {({ pages }) => {
            const items = subject ? pages.flatMap((page) => page.items) : [];
            const [first] = pages;
            if (items.length === 0)
              return isFiltered ? (
                <Calm title={t('admin.quarantine.noneFound')} />
              ) : (
                <Calm title={t('admin.quarantine.none')}>
                  <p>{t('admin.quarantine.noneMore')}</p>
                </Calm>
              );
            return (
              <>
                <div className="page-head">
                  <div>
                    <p>{t('admin.quarantine.waiting', { count: first?.waiting.readings ?? 0 })}</p>
                    {(first?.gaveWay ?? 0) > 0 && (
                      <p className="small muted">{t('admin.quarantine.gaveWay', { count: first?.gaveWay ?? 0 })}</p>
                    )}
                  </div>
                  {state === 'waiting' && subject?.source && <ReleaseAll source={subject.source} reason={reason} />}
                </div>
                <section className="card" aria-label={t('admin.pages.quarantine')}>
                  <ul className="items">
                    {items.map((item) => (
                      <Item key={item.key} item={item} />
                    ))}
                  </ul>
                </section>
                {found.hasNextPage && (
                  <Button
                    variant="default"
                    loading={found.isFetchingNextPage}
                    onClick={() => void found.fetchNextPage()}
                  >
                    {t('admin.more')}
                  </Button>
                )}
              </>
            );
          }}
        </Answer>
      </div>
    </Frame>
  );
}

function useTellReleased() {
  const { t } = useLanguage();
  const tell = useTell();
  return ({ released, refused }: ReleaseView) => {
    if (released > 0) tell.done(t('admin.quarantine.released', { count: released }));
    for (const one of refused)
      tell.cannot(t('admin.quarantine.refused', { reason: t(`admin.quarantine.reasons.${one.reason}`) }));
    if (released === 0 && refused.length === 0) tell.done(t('admin.quarantine.nothingReleased'));
  };
}

function ReleaseAll({ source, reason }: { source: string; reason: string }) {
  const { t } = useLanguage();
  const tell = useTell();
  const tellReleased = useTellReleased();
  const { mutateAsync, isPending } = useRelease();
  return (
    <Button
      loading={isPending}
      onClick={() => void mutateAsync({ source, ...(reason ? { reason } : {}) }).then(tellReleased, tell.failed)}
    >
      {t('admin.quarantine.releaseAll', { source })}
    </Button>
  );
}

function Item({ item }: { item: QuarantineView }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = useNow(60_000);
  const tell = useTell();
  const tellReleased = useTellReleased();
  const { mutateAsync, isPending } = useRelease();
  const [looking, setLooking] = useState(false);
  const helps = ['unknown-device', 'foreign-device', 'not-assigned'] as const;
  const help = helps.find((one) => one === item.reason);
  const title = t(`admin.quarantine.reasons.${item.reason}`);
  const what = item.device ?? item.source;
  return (
    <li className="item" data-quarantined={item.key}>
      <div>
        <p className="title">{title}</p>
        <div className="row small muted">
          {item.panel && <span>{say(panels[item.panel].name)}</span>}
          <span>{t('admin.quarantine.readings', { count: item.readings })}</span>
          {item.device && <span className="address">{item.device}</span>}
          <Link href={`/admin/homes/${item.source}`}>{item.source}</Link>
        </div>
        <div className="row small muted">
          {item.takenAt && (
            <span>{t('admin.quarantine.measured', { time: times.shortMoment(item.takenAt, now) })}</span>
          )}
          <span>{t('admin.quarantine.received', { time: times.shortMoment(item.receivedAt, now) })}</span>
        </div>
        {item.state === 'waiting' && help && <p className="small">{t(`admin.quarantine.help.${help}`)}</p>}
        {item.releasedAt && item.releasedBy && (
          <p className="small muted">
            {t('admin.quarantine.releasedBy', {
              name: item.releasedBy.name ? say(item.releasedBy.name) : item.releasedBy.actor,
              time: times.shortMoment(item.releasedAt, now),
            })}
          </p>
        )}
      </div>
      <div className="act row">
        <Button variant="default" onClick={() => setLooking(true)}>
          {t('admin.quarantine.show')}
        </Button>
        {item.state === 'waiting' && (
          <Button
            variant={help ? 'filled' : 'default'}
            loading={isPending}
            aria-label={t('admin.quarantine.releaseFor', { what: `${title}, ${what}` })}
            onClick={() => void mutateAsync({ key: item.key }).then(tellReleased, tell.failed)}
          >
            {t('admin.quarantine.release')}
          </Button>
        )}
      </div>
      {looking && <Look itemKey={item.key} close={() => setLooking(false)} />}
    </li>
  );
}

/** Says first that looking is written down; what is shown is gone when it is closed. */
function Look({ itemKey, close }: { itemKey: string; close: () => void }) {
  const { t } = useLanguage();
  const { mutateAsync } = useShowQuarantined();
  const [sent, setSent] = useState<QuarantinePayload>();
  if (!sent)
    return (
      <Dialog
        title={t('admin.quarantine.showTitle')}
        close={close}
        submitWords={t('admin.quarantine.showYes')}
        submit={async () => {
          setSent(await mutateAsync(itemKey));
          return false;
        }}
      >
        <p>{t('admin.quarantine.showLead')}</p>
      </Dialog>
    );
  return (
    <Modal
      opened
      onClose={close}
      title={t('admin.quarantine.showTitle')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      centered
      size="lg"
    >
      <div className="stack">
        <Values sent={sent} />
        <p className="small muted">{sent.item.detail}</p>
        <p className="small muted">{t('admin.quarantine.raw')}</p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
        <pre className="raw" tabIndex={0}>
          {sent.text}
        </pre>
        {sent.cut && <p className="small muted">{t('admin.quarantine.cut')}</p>}
      </div>
    </Modal>
  );
}

function Values({ sent }: { sent: QuarantinePayload }) {
  const { say } = useLanguage();
  const times = useTimes();
  const now = useNow(60_000);
  if (!sent.reading) return null;
  const { reading } = sent;
  return (
    <div>
      <h3>{say(panels[reading.panel].name)}</h3>
      <div className="row">
        {reading.values.map((one) => (
          <Quantity key={one.vital} value={{ ...one, marks: reading.marks }} />
        ))}
      </div>
      <p className="small muted">{times.moment(reading.takenAt, now)}</p>
    </div>
  );
}
