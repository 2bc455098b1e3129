import { Button, TextInput } from '@mantine/core';
import { IconCircleCheck, IconLinkOff, IconShieldCheck } from '@tabler/icons-react';
import { useDeferredValue, useState } from 'react';
import { Link } from 'wouter';
import type { AuditVerdictView, AuditView } from '#domain/administration.ts';
import { revocationReasons } from '#domain/homes.ts';
import { useAudit, useVerifyAudit } from '../api/admin.ts';
import { adminEn } from '../locales/admin-en.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Moment } from '../parts/ago.tsx';
import { Select } from '../parts/select.tsx';
import { Answer, Calm } from '../parts/states.tsx';
import { Fault } from './faults.tsx';
import { Frame } from './frame.tsx';
import { subjectIn } from './subject.ts';

/** Who did what to identities, homes and patients, and whether the trail is as it was written. */

type Action = keyof typeof adminEn.audit.actions;
const actions = Object.keys(adminEn.audit.actions) as Action[];

type Why = keyof typeof adminEn.audit.why;
const refusals = Object.keys(adminEn.audit.why) as Why[];

export function AuditPage() {
  const { t } = useLanguage();
  const [action, setAction] = useState('');
  const [source, setSource] = useState('');
  const subject = subjectIn(useDeferredValue(source));
  const rows = useAudit({
    ...(action ? { action } : {}),
    ...subject,
  });
  const verify = useVerifyAudit();
  return (
    <Frame
      page="audit"
      lead={t('admin.audit.lead')}
      act={
        <Button
          variant="default"
          size="md"
          leftSection={<IconShieldCheck size={18} aria-hidden />}
          loading={verify.isPending}
          onClick={() => verify.mutate()}
        >
          {t('admin.audit.verify')}
        </Button>
      }
    >
      <div className="stack">
        <Fault fault={verify.error} />
        {verify.data && <Verdict verdict={verify.data} />}
        <div className="filters">
          <Select
            label={t('admin.audit.action')}
            first={t('admin.audit.all')}
            value={action}
            choose={setAction}
            options={actions.map((value) => ({ value, words: t(`admin.audit.actions.${value}`) }))}
          />
          <TextInput
            label={t('admin.audit.subject')}
            value={source}
            maxLength={64}
            onChange={(event) => setSource(event.currentTarget.value)}
          />
        </div>
        <Answer of={rows}>
          {({ pages }) => {
            const all = subject ? pages.flatMap((page) => page.rows) : [];
            if (all.length === 0) return <Calm title={t('admin.audit.none')} />;
            return (
              <>
                <section className="card" aria-label={t('admin.pages.audit')}>
                  <ol className="items">
                    {all.map((row) => (
                      <Row key={row.seq} row={row} />
                    ))}
                  </ol>
                </section>
                {rows.hasNextPage && (
                  <Button variant="default" loading={rows.isFetchingNextPage} onClick={() => void rows.fetchNextPage()}>
                    {t('common.showOlder')}
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

function Verdict({ verdict }: { verdict: AuditVerdictView }) {
  const { t } = useLanguage();
  const { broken, rows, head } = verdict;
  if (broken)
    return (
      <p className="fault" role="alert">
        <IconLinkOff size={20} aria-hidden />
        {t('admin.audit.broken', { seq: broken.seq })}
      </p>
    );
  return (
    <div className="verdict" role="status">
      <p className="row">
        <IconCircleCheck size={20} aria-hidden />
        {t('admin.audit.whole', { count: rows })}
      </p>
      {head && <p className="small muted numbers">{t('admin.audit.head', { seq: head.seq, hash: head.hash })}</p>}
    </div>
  );
}

function Row({ row }: { row: AuditView }) {
  const { t, say } = useLanguage();
  const action = actions.find((one) => one === row.action);
  const done = row.outcome === 'done';
  const why = refusals.find((one) => one === row.outcome);
  const reason = revocationReasons.find((one) => one === row.detail.reason);
  return (
    <li className="item">
      <div>
        <p>
          <b>{action ? t(`admin.audit.actions.${action}`) : row.action}</b>
          {!done && (
            <span className="muted">
              {' · '}
              {row.outcome === 'asked'
                ? t('admin.audit.asked')
                : t('admin.audit.refused', { why: why ? t(`admin.audit.why.${why}`) : row.outcome })}
            </span>
          )}
          {reason && <span className="muted"> · {t(`admin.revoke.reasons.${reason}`)}</span>}
        </p>
        <div className="row small">
          {row.source && <Link href={`/admin/homes/${row.source}`}>{row.source}</Link>}
          {row.device && <span className="address">{row.device}</span>}
          {row.patient ? (
            <Link href={`/patients/${row.patient.id}`}>{say(row.patient.name)}</Link>
          ) : (
            row.ofPatient && <span className="muted">{t('admin.audit.otherPatient')}</span>
          )}
        </div>
        <div className="row small muted">
          <Who row={row} />
          {row.address && <span>{t('admin.audit.from', { address: row.address })}</span>}
          <Detail detail={row.detail} />
        </div>
      </div>
      <div className="small muted numbers">
        <Moment at={row.at} /> · {row.seq}
      </div>
    </li>
  );
}

function Who({ row: { by } }: { row: AuditView }) {
  const { t, say } = useLanguage();
  if (by.name) return <span>{say(by.name)}</span>;
  const [kind, name = ''] = by.actor.split(/:(.*)/);
  if (kind === 'operator') return <span>{t('admin.audit.operator', { login: name })}</span>;
  if (kind === 'source') return <span>{t('admin.audit.source', { source: name })}</span>;
  if (kind === 'rule') return <span>{t('admin.audit.rule', { rule: name })}</span>;
  return <span>{t('admin.audit.nobody')}</span>;
}

type DetailName = keyof typeof adminEn.audit.details;
const detailNames = Object.keys(adminEn.audit.details) as DetailName[];

/** Times among the details in the reader's own; fingerprints as far as they tell things apart. */
function Detail({ detail }: { detail: Record<string, unknown> }) {
  const { t } = useLanguage();
  const times = useTimes();
  const sayValue = (name: string, text: string): string => {
    if (name === 'kind' && (text === 'gateway' || text === 'device')) return t(`admin.homes.kind.${text}`);
    if (/^\d{4}-\d\d-\d\dT/.test(text)) return times.moment(text, Date.parse(text));
    return /^[0-9a-f]{64}$/.test(text) ? `${text.slice(0, 16)}…` : text;
  };
  return Object.entries(detail).flatMap(([name, value]) => {
    if (value === null || value === undefined || value === false || name === 'reason') return [];
    const known = detailNames.find((one) => one === name);
    return (
      <span key={name} className="numbers">
        {known ? t(`admin.audit.details.${known}`) : name} {value !== true && sayValue(name, String(value))}
      </span>
    );
  });
}
