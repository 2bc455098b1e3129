import { Button, Textarea } from '@mantine/core';
import {
  IconArrowForwardUp,
  IconBellZ,
  IconCircleCheck,
  IconHandStop,
  IconNote,
  IconRotateClockwise,
  IconUserCheck,
} from '@tabler/icons-react';
import { useState } from 'react';
import type { AlertDetail, AlertView } from '#domain/views.ts';
import { useHandOver, useUnsnooze } from '../api/actions.ts';
import { useMayAct, useSession } from '../api/queries.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { noteAtMost, useAcknowledging } from '../parts/acknowledge.tsx';
import { HandOver } from '../parts/hand-over.tsx';
import { Resolve } from '../parts/resolve.tsx';
import { Snooze } from '../parts/snooze.tsx';
import { useTell } from '../parts/tell.ts';
import { useNow } from '../time/clock.ts';

/** What can be done about an alert as it stands, and who has done what. */
export function Act({ detail }: { detail: AlertDetail }) {
  const { alert } = detail;
  const mayAct = useMayAct();
  if (alert.state === 'open') return mayAct ? <Acknowledge detail={detail} /> : <Next detail={detail} />;
  if (alert.state === 'acknowledged') return <InHand alert={alert} mayAct={mayAct} />;
  return <Over alert={alert} />;
}

function InHand({ alert, mayAct }: { alert: AlertView; mayAct: boolean }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = useNow();
  const me = useSession().data?.clinician.id;
  const since = alert.acknowledgedAt ? times.shortMoment(alert.acknowledgedAt, now) : '';
  return (
    <>
      <p className="row">
        <IconUserCheck size={22} aria-hidden color="var(--well-solid)" />
        <span>
          {t('alert.acknowledgedBy', {
            name: alert.acknowledgedByName ? say(alert.acknowledgedByName) : '',
            time: since,
          })}
          {alert.handedOverByName && (
            <span className="muted"> {t('alert.handedOverBy', { name: say(alert.handedOverByName) })}</span>
          )}
        </span>
      </p>
      <Note alert={alert} />
      {alert.snooze ? <Snoozed alert={alert} mayAct={mayAct} /> : <p className="small muted">{t('alert.stopped')}</p>}
      {mayAct && (
        <div className="row">
          <Resolve alert={alert} />
          {alert.acknowledgedBy === me ? <GiveAway alert={alert} /> : <TakeOver alert={alert} me={me} />}
          {!alert.snooze && <Later alert={alert} />}
        </div>
      )}
    </>
  );
}

function Note({ alert }: { alert: AlertView }) {
  if (!alert.note) return null;
  return (
    <p className="row muted note-line">
      <IconNote size={18} aria-hidden />
      <span>{alert.note}</span>
    </p>
  );
}

function Snoozed({ alert, mayAct }: { alert: AlertView; mayAct: boolean }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow();
  const tell = useTell();
  const { mutateAsync, isPending } = useUnsnooze();
  if (!alert.snooze) return null;
  return (
    <div className="notice">
      <IconBellZ size={20} aria-hidden />
      <div>
        <p>{t('alert.snooze.is', { time: times.shortMoment(alert.snooze.until, now) })}</p>
        <p className="small">{t('alert.snooze.isMore')}</p>
        {mayAct && (
          <Button
            variant="default"
            size="xs"
            mt={6}
            loading={isPending}
            onClick={() => void mutateAsync(alert.id).then(() => tell.done(t('alert.snooze.undone')), tell.failed)}
          >
            {t(alert.snooze.before === 'open' ? 'alert.snooze.undoCalls' : 'alert.snooze.undo')}
          </Button>
        )}
      </div>
    </div>
  );
}

function GiveAway({ alert }: { alert: AlertView }) {
  const { t } = useLanguage();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconArrowForwardUp size={18} aria-hidden />}
        onClick={() => setAsking(true)}
      >
        {t('alert.handOver.begin')}
      </Button>
      {asking && <HandOver alert={alert} close={() => setAsking(false)} />}
    </>
  );
}

function TakeOver({ alert, me }: { alert: AlertView; me: string | undefined }) {
  const { t } = useLanguage();
  const tell = useTell();
  const { mutateAsync, isPending } = useHandOver();
  if (!me) return null;
  return (
    <Button
      variant="default"
      leftSection={<IconHandStop size={18} aria-hidden />}
      loading={isPending}
      onClick={() =>
        void mutateAsync({ alert: alert.id, to: me }).then(
          (upshot) => (upshot === 'done' ? tell.done(t('alert.handOver.taken')) : tell.othersFirst(upshot.first)),
          tell.failed,
        )
      }
    >
      {t('alert.handOver.take')}
    </Button>
  );
}

/** Nothing to snooze where the patient is back inside: a relapse should call. */
function Later({ alert }: { alert: AlertView }) {
  const { t } = useLanguage();
  const [asking, setAsking] = useState(false);
  if (alert.recoveredAt) return null;
  return (
    <>
      <Button variant="default" leftSection={<IconBellZ size={18} aria-hidden />} onClick={() => setAsking(true)}>
        {t('alert.snooze.begin')}
      </Button>
      {asking && <Snooze alert={alert} close={() => setAsking(false)} />}
    </>
  );
}

function Over({ alert }: { alert: AlertView }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const now = useNow();
  const time = alert.resolvedAt ? times.shortMoment(alert.resolvedAt, now) : '';
  return (
    <>
      <p className="row">
        <IconCircleCheck size={22} aria-hidden color="var(--well-solid)" />
        {alert.resolvedByName
          ? t('alert.resolvedBy', { name: say(alert.resolvedByName), time })
          : t('alert.resolvedAt', { time })}
      </p>
      {alert.outcome && <p>{t(`outcome.${alert.outcome}`)}</p>}
      <Note alert={alert} />
      <p className="row small muted">
        <IconRotateClockwise size={16} aria-hidden />
        {t('alert.comesBack')}
      </p>
    </>
  );
}

function Acknowledge({ detail }: { detail: AlertDetail }) {
  const { t } = useLanguage();
  const [writing, setWriting] = useState(false);
  const [note, setNote] = useState('');
  const { acknowledge, isPending } = useAcknowledging(detail.alert.id, detail.alert.raisedAt);
  return (
    <>
      <Button
        color={detail.alert.severity === 'critical' ? 'red' : undefined}
        size="xl"
        fullWidth
        loading={isPending}
        leftSection={<IconHandStop size={24} aria-hidden />}
        onClick={() => void acknowledge(note)}
      >
        {t('alert.acknowledge')}
      </Button>
      <Next detail={detail} />
      {writing ? (
        <Textarea
          label={t('common.noteOptional')}
          value={note}
          maxLength={noteAtMost}
          autosize
          minRows={2}
          autoFocus
          onChange={(event) => setNote(event.currentTarget.value)}
        />
      ) : (
        <div className="row">
          <Button variant="default" onClick={() => setWriting(true)}>
            {t('alert.addNote')}
          </Button>
          <Later alert={detail.alert} />
          <Resolve alert={detail.alert} />
        </div>
      )}
    </>
  );
}

/** Whom the escalation calls next, and when. */
function Next({ detail: { alert, nextCall } }: { detail: AlertDetail }) {
  const { t, say, language } = useLanguage();
  const times = useTimes();
  const now = useNow(1_000);
  if (!alert.escalation) return <p className="small muted">{t('alert.noEscalation')}</p>;
  if (!nextCall) return <p className="small muted">{t('alert.nextNone')}</p>;
  const name = nextCall.recipients.map((person) => say(person.name)).join(language === 'zh' ? '、' : ', ');
  const waitMs = Date.parse(nextCall.at) - now;
  return (
    <p className="small numbers">
      {waitMs > 1_000
        ? t('alert.nextPage', { name, wait: times.duration(Math.ceil(waitMs / 1_000) * 1_000) })
        : t('alert.nextNow', { name })}
    </p>
  );
}
