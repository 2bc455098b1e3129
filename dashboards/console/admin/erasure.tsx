import { Button, TextInput } from '@mantine/core';
import { IconUserOff } from '@tabler/icons-react';
import { useState } from 'react';
import { type ErasureView, erasureReasons } from '#domain/administration.ts';
import type { PatientFound } from '#domain/homes.ts';
import { useErase, useErasures } from '../api/admin.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Select } from '../parts/select.tsx';
import { Answer, Calm } from '../parts/states.tsx';
import { useTell } from '../parts/tell.ts';
import { useZone } from '../parts/zone.ts';
import { useNow } from '../time/clock.ts';
import { instantOfField } from '../time/format.ts';
import { ChoosePatient } from './choose-patient.tsx';
import { Dialog } from './dialog.tsx';
import { Frame } from './frame.tsx';
import { Chip } from './source-chips.tsx';

/** Patients who are to be forgotten: asked for in two steps, then a report of what went and what still stands. */
export function ErasurePage() {
  const { t } = useLanguage();
  const [asking, setAsking] = useState(false);
  return (
    <Frame
      page="erasure"
      lead={t('admin.erasure.lead')}
      act={
        <Button
          variant="default"
          size="md"
          leftSection={<IconUserOff size={18} aria-hidden />}
          onClick={() => setAsking(true)}
        >
          {t('admin.erasure.begin')}
        </Button>
      }
    >
      <Answer of={useErasures()}>
        {({ erasures }) =>
          erasures.length === 0 ? (
            <Calm title={t('admin.erasure.none')}>
              <p>{t('admin.erasure.noneMore')}</p>
            </Calm>
          ) : (
            <ul className="stack">
              {erasures.map((erasure) => (
                <Report key={erasure.patient} erasure={erasure} />
              ))}
            </ul>
          )
        }
      </Answer>
      {asking && <Ask close={() => setAsking(false)} />}
    </Frame>
  );
}

type Wish = { patient: PatientFound | undefined; reason: string; keep: string };

function Ask({ close }: { close: () => void }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const tell = useTell();
  const zone = useZone();
  const now = useNow(60_000);
  const { mutateAsync } = useErase();
  const [wish, setWish] = useState<Wish>({ patient: undefined, reason: '', keep: '' });
  const [confirming, setConfirming] = useState(false);
  const [tried, setTried] = useState(false);
  const [typed, setTyped] = useState('');
  const { patient, reason, keep } = wish;
  const keepAt = keep === '' ? null : instantOfField(`${keep}T00:00`, zone);
  const keepWrong = keepAt !== null && !(keepAt > now);

  if (!confirming || !patient)
    return (
      <Dialog
        key="who"
        title={t('admin.erasure.step1')}
        close={close}
        submitWords={t('admin.erasure.next')}
        submit={async () => {
          setTried(true);
          if (patient && reason && !keepWrong) {
            setTried(false);
            setConfirming(true);
          }
          return false;
        }}
      >
        <ChoosePatient
          chosen={patient}
          choose={(next) => setWish({ ...wish, patient: next })}
          missing={tried && !patient}
        />
        <Select
          label={t('admin.erasure.reason')}
          first={t('admin.revoke.choose')}
          required
          error={tried && !reason ? t('admin.revoke.choose') : undefined}
          value={reason}
          choose={(next) => setWish({ ...wish, reason: next })}
          options={erasureReasons.map((value) => ({ value, words: t(`admin.erasure.reasons.${value}`) }))}
        />
        <TextInput
          type="date"
          label={t('admin.erasure.keep')}
          description={t('admin.erasure.keepMore')}
          value={keep}
          error={tried && keepWrong ? t('admin.erasure.keepWrong') : undefined}
          onChange={(event) => setWish({ ...wish, keep: event.currentTarget.value })}
        />
      </Dialog>
    );

  const name = say(patient.name);
  const same = [patient.name.en, patient.name.zh].includes(typed.trim());
  return (
    <Dialog
      key="confirm"
      title={t('admin.erasure.step2')}
      close={close}
      submitWords={t('admin.erasure.confirm')}
      grave
      submit={async () => {
        setTried(true);
        if (!same) return false;
        const keepUntil = keepAt === null ? null : new Date(keepAt).toISOString();
        await mutateAsync({ patient: patient.id, reason, keepUntil });
        tell.done(t('admin.erasure.asked'));
        return true;
      }}
    >
      <p className="fault">
        {keepAt === null
          ? t('admin.erasure.warning', { name })
          : t('admin.erasure.warningKept', { name, time: times.moment(keepAt, now) })}
      </p>
      <TextInput
        label={t('admin.erasure.type')}
        description={name}
        data-autofocus
        autoComplete="off"
        value={typed}
        error={tried && !same ? t('admin.erasure.typeWrong') : undefined}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
    </Dialog>
  );
}

function Report({ erasure }: { erasure: ErasureView }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = useNow(60_000);
  const { patient, state, keepUntil, doneAt, askedBy, askedAt, parts } = erasure;
  const at = state === 'done' ? doneAt : keepUntil;
  const why = erasureReasons.find((one) => one === erasure.reason);
  return (
    <li className="card stack">
      <div className="page-head">
        <h2>{t('admin.erasure.patient', { id: patient.slice(0, 8) })}</h2>
        <Chip severity={state === 'done' ? 'well' : 'routine'} icon={<IconUserOff size={16} aria-hidden />}>
          {t(`admin.erasure.state.${state}`, { time: at ? times.shortMoment(at, now) : '' })}
        </Chip>
      </div>
      <p className="small muted">
        {t('admin.erasure.by', {
          name: askedBy.name ? say(askedBy.name) : askedBy.actor,
          time: times.shortMoment(askedAt, now),
        })}
        {why && ` · ${t(`admin.erasure.reasons.${why}`)}`}
      </p>
      <dl className="fields">
        {parts.map((part) => (
          <Part key={part.part} part={part} />
        ))}
      </dl>
    </li>
  );
}

const partNames = ['readings', 'latest-values', 'hearings', 'quarantine', 'judgement', 'commands', 'person'] as const;

function Part({ part: { part, at, removed, obstacle } }: { part: ErasureView['parts'][number] }) {
  const { t } = useLanguage();
  const name = partNames.find((one) => one === part);
  const words = () => {
    if (obstacle) return t('admin.erasure.obstacle', { why: obstacle });
    if (!at) return t('admin.erasure.notYet');
    return removed === null ? t('admin.erasure.gone') : t('admin.erasure.removed', { count: removed });
  };
  return (
    <>
      <dt>{name ? t(`admin.erasure.parts.${name}`) : part}</dt>
      <dd>{words()}</dd>
    </>
  );
}
