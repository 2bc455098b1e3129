import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ContactPointView, Quiet } from '#domain/contact.ts';
import { useRemovePoint, useRestorePoint, useSendTo, useSetPoint, useVerifyPoint } from '../api/contact.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { useZone } from '../parts/zone.ts';
import { useNow } from '../time/clock.ts';
import { useTrying } from './words.ts';

/** One way to be reached: how it stands, its code while it waits for one, its wishes afterwards. */
export function Point({ point }: { point: ContactPointView }) {
  const { t } = useLanguage();
  const trying = useTrying();
  const remove = useRemovePoint(point.id);
  const sendTo = useSendTo(point.id);
  const name = `${t(`contact.kind.${point.kind}`)}${point.label ? ` · ${point.label}` : ''}`;
  if (point.removedUntil) return <Removed point={point} name={name} />;
  return (
    <li className="card stack" data-point={point.kind}>
      <div className="stack-small">
        <h3>{name}</h3>
        <p className="code-text">{point.address}</p>
        {point.kind === 'ntfy' && point.verifiedAt === null && <p className="small">{t('contact.ntfy')}</p>}
        <Standing point={point} />
      </div>
      {point.verifiedAt === null ? <Code point={point} /> : <Wishes point={point} />}
      <div className="row">
        {point.verifiedAt !== null && !point.gone && (
          <Button
            variant="default"
            loading={sendTo.isPending}
            onClick={() => void trying(sendTo.mutateAsync('test'), t('contact.coming'))}
          >
            {t('contact.try')}
          </Button>
        )}
        <Button
          variant="default"
          aria-label={t('contact.removeOf', { what: name })}
          loading={remove.isPending}
          onClick={() => void trying(remove.mutateAsync(undefined))}
        >
          {t('contact.remove')}
        </Button>
      </div>
    </li>
  );
}

function Removed({ point, name }: { point: ContactPointView; name: string }) {
  const { t } = useLanguage();
  const trying = useTrying();
  const restore = useRestorePoint(point.id);
  return (
    <li className="card row">
      <span>
        {name}: {t('contact.removed')}
      </span>
      <Button variant="default" loading={restore.isPending} onClick={() => void trying(restore.mutateAsync(undefined))}>
        {t('contact.undo')}
      </Button>
    </li>
  );
}

function Standing({ point }: { point: ContactPointView }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow();
  if (point.gone) return <p className="fault">{t('contact.gone')}</p>;
  if (point.fault) return <p className="fault">{t('contact.failed', { fault: point.fault })}</p>;
  return (
    <p className="muted small">
      {t(point.verifiedAt ? 'contact.verified' : 'contact.unconfirmed')}{' '}
      {point.sentAt && t('contact.sent', { time: times.shortMoment(point.sentAt, now) })}
    </p>
  );
}

function Code({ point }: { point: ContactPointView }) {
  const { t } = useLanguage();
  const trying = useTrying();
  const verify = useVerifyPoint(point.id);
  const sendTo = useSendTo(point.id);
  const [code, setCode] = useState('');
  const [short, setShort] = useState(false);
  const digits = code.replaceAll(/\D/g, '');
  return (
    <form
      className="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setShort(digits.length !== 6);
        if (digits.length === 6) void trying(verify.mutateAsync(digits), t('contact.verified'));
      }}
    >
      <TextInput
        label={t('contact.code')}
        inputMode="numeric"
        autoComplete="one-time-code"
        maxLength={9}
        error={short && t('contact.sixDigits')}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
      <div className="row">
        <Button type="submit" loading={verify.isPending}>
          {t('contact.enter')}
        </Button>
        <Button
          variant="default"
          loading={sendTo.isPending}
          onClick={() => void trying(sendTo.mutateAsync('code'), t('contact.coming'))}
        >
          {t('contact.again')}
        </Button>
      </div>
    </form>
  );
}

const usualNight = { from: '22:00', to: '06:30' };

function Wishes({ point }: { point: ContactPointView }) {
  const { t } = useLanguage();
  const trying = useTrying();
  const timeZone = useZone();
  const set = useSetPoint(point);
  const [quiet, setQuiet] = useState<Quiet | null>(point.quiet);
  const [confidential, setConfidential] = useState(point.confidential);
  const save = async (wish: { confidential: boolean; quiet: Quiet | null }) => {
    if (!(await trying(set.mutateAsync(wish), t('contact.saved')))) setConfidential(point.confidential);
  };
  const changed = quiet !== null && (quiet.from !== point.quiet?.from || quiet.to !== point.quiet?.to);
  return (
    <div className="stack-small">
      <label className="wish">
        <input
          type="checkbox"
          checked={confidential}
          onChange={({ currentTarget: { checked } }) => {
            setConfidential(checked);
            void save({ confidential: checked, quiet: point.quiet });
          }}
        />
        <span>{t('contact.confidential')}</span>
      </label>
      <label className="wish">
        <input
          type="checkbox"
          checked={quiet !== null}
          onChange={(event) => {
            const wished = event.currentTarget.checked ? { ...usualNight, timeZone } : null;
            setQuiet(wished);
            if (!wished && point.quiet) void save({ confidential, quiet: null });
          }}
        />
        <span>{t('contact.quiet')}</span>
      </label>
      {quiet && (
        <div className="row">
          {(['from', 'to'] as const).map((end) => (
            <TextInput
              key={end}
              type="time"
              label={t(`contact.${end}`)}
              value={quiet[end]}
              onChange={(event) => setQuiet({ ...quiet, timeZone, [end]: event.currentTarget.value })}
            />
          ))}
          {changed && (
            <Button loading={set.isPending} onClick={() => void save({ confidential, quiet })}>
              {t('contact.save')}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
