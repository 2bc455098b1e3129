import { Button } from '@mantine/core';
import { IconArrowLeft, IconCertificate, IconKey, IconLock, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { CertificateView, CodeGiven, SourceDetail } from '#domain/homes.ts';
import { useGiveCode, useSource } from '../api/admin.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Answer } from '../parts/states.tsx';
import { useNow } from '../time/clock.ts';
import { CodeCard } from './code-card.tsx';
import { Devices, RegisterDevice, Strangers } from './devices.tsx';
import { Fault } from './faults.tsx';
import { Frame } from './frame.tsx';
import { Revoke } from './revoke.tsx';
import { Chip, SourceChips } from './source-chips.tsx';
import { TokenCard } from './token-card.tsx';

/** One gateway or direct device: how it stands, how it proves itself, and whose its devices are. */
export function HomePage({ id }: { id: string }) {
  const { t } = useLanguage();
  return (
    <Frame
      page="homes"
      act={
        <Link className="back" href="/admin/homes">
          <IconArrowLeft size={18} aria-hidden />
          {t('admin.homes.back')}
        </Link>
      }
    >
      <Answer of={useSource(id)}>{(detail) => <Home detail={detail} />}</Answer>
    </Frame>
  );
}

type Asking = 'token' | 'revoke' | 'device' | null;

function Home({ detail }: { detail: SourceDetail }) {
  const { t } = useLanguage();
  const { source } = detail;
  const [asking, setAsking] = useState<Asking>(null);
  const [given, setGiven] = useState<CodeGiven>();
  const { mutateAsync, isPending, error } = useGiveCode();
  const giveCode = () =>
    void mutateAsync(source.id).then(setGiven, () => {
      // what went wrong stands in `error`
    });
  const close = () => setAsking(null);
  return (
    <div className="stack" data-source={source.id}>
      <section className="card stack">
        <div>
          <h2 className="source-name">{source.id}</h2>
          <div className="row small muted">
            <span>{t(`admin.homes.kind.${source.kind}`)}</span>
            {source.status?.software && <span>{t('admin.homes.software', { version: source.status.software })}</span>}
            {(source.status?.waiting ?? 0) > 0 && (
              <span>{t('admin.homes.waiting', { count: source.status?.waiting ?? 0 })}</span>
            )}
          </div>
        </div>
        <SourceChips source={source} />
        {!source.revokedAt && (
          <div className="row buttons">
            <Button size="md" leftSection={<IconKey size={18} aria-hidden />} loading={isPending} onClick={giveCode}>
              {t('admin.code.button')}
            </Button>
            {source.kind === 'device' && (
              <Button variant="default" size="md" onClick={() => setAsking('token')}>
                {t('admin.token.button')}
              </Button>
            )}
            <Button
              variant="default"
              size="md"
              leftSection={<IconLock size={18} aria-hidden />}
              onClick={() => setAsking('revoke')}
            >
              {t('admin.revoke.button')}
            </Button>
          </div>
        )}
        <Fault fault={error} />
      </section>
      <section className="card">
        <div className="page-head">
          <h2>{t('admin.devices.title')}</h2>
          {!source.revokedAt && (
            <Button
              variant="default"
              leftSection={<IconPlus size={18} aria-hidden />}
              onClick={() => setAsking('device')}
            >
              {t('admin.devices.add')}
            </Button>
          )}
        </div>
        <Devices detail={detail} />
      </section>
      <Strangers detail={detail} />
      <Certificates detail={detail} />
      {given && <CodeCard source={source} given={given} close={() => setGiven(undefined)} />}
      {asking === 'token' && <TokenCard source={source.id} close={close} />}
      {asking === 'revoke' && <Revoke source={source.id} close={close} />}
      {asking === 'device' && <RegisterDevice source={source.id} close={close} />}
    </div>
  );
}

function Certificates({ detail: { source, certificates } }: { detail: SourceDetail }) {
  const { t } = useLanguage();
  const [revoking, setRevoking] = useState<string>();
  return (
    <section className="card">
      <h2>{t('admin.certificates.title')}</h2>
      {certificates.length === 0 ? (
        <p className="muted">{t('admin.certificates.none')}</p>
      ) : (
        <ul className="items">
          {certificates.map((certificate) => (
            <Certificate
              key={certificate.fingerprint}
              certificate={certificate}
              revoke={source.revokedAt ? undefined : () => setRevoking(certificate.fingerprint)}
            />
          ))}
        </ul>
      )}
      {revoking && <Revoke source={source.id} fingerprint={revoking} close={() => setRevoking(undefined)} />}
    </section>
  );
}

/** So much of a fingerprint tells certificates apart on a page. */
const shownDigits = 16;

function Certificate({ certificate, revoke }: { certificate: CertificateView; revoke: (() => void) | undefined }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow(60_000);
  const { fingerprint, issuedAt, notAfter, revokedAt } = certificate;
  const ended = Date.parse(notAfter) <= now;
  const state = revokedAt ? 'revoked' : ended ? 'ended' : 'inForce';
  const time = times.shortMoment(revokedAt ?? notAfter, now);
  return (
    <li className="item">
      <div>
        <p className="numbers">{fingerprint.slice(0, shownDigits)}…</p>
        <div className="row small muted">
          <Chip severity={state === 'inForce' ? 'well' : 'quiet'} icon={<IconCertificate size={16} aria-hidden />}>
            {t(`admin.certificates.${state}`, { time })}
          </Chip>
          <span>{t('admin.certificates.issued', { time: times.shortMoment(issuedAt, now) })}</span>
        </div>
      </div>
      <div className="act">
        {state === 'inForce' && revoke && (
          <Button
            variant="default"
            aria-label={`${t('admin.revoke.certificateButton')} ${fingerprint.slice(0, shownDigits)}`}
            onClick={revoke}
          >
            {t('admin.revoke.certificateButton')}
          </Button>
        )}
      </div>
    </li>
  );
}
