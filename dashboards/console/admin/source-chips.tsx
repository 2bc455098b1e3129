import {
  IconAlertTriangle,
  IconCertificate,
  IconDeviceHeartMonitor,
  IconKey,
  IconRouter,
  IconRouterOff,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { SourceView } from '#domain/views.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { useNow } from '../time/clock.ts';

/** How a source stands, in a few words. */
export function SourceChips({ source }: { source: SourceView }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow();
  const troubles = source.troubles.filter((trouble) => trouble !== 'revoked');
  return (
    <div className="row">
      <StateChip source={source} />
      {!source.revokedAt && <Proof source={source} />}
      {source.codeUntil && (
        <Chip severity="routine" icon={<IconKey size={16} aria-hidden />}>
          {t('admin.homes.codeWaits', { time: times.shortMoment(source.codeUntil, now) })}
        </Chip>
      )}
      {!source.revokedAt &&
        troubles.map((trouble) => (
          <Chip key={trouble} severity="urgent" icon={<IconAlertTriangle size={16} aria-hidden />}>
            {t(`devices.sourceTrouble.${trouble}`)}
          </Chip>
        ))}
    </div>
  );
}

function StateChip({ source }: { source: SourceView }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow();
  const word = source.revokedAt ? 'revoked' : source.state;
  const state = t(`admin.homes.state.${word}`);
  const since = source.revokedAt ?? (source.state === 'offline' ? source.stateAt : null);
  const Icon = { online: IconRouter, offline: IconRouterOff, revoked: IconRouterOff, unknown: IconDeviceHeartMonitor }[
    word
  ];
  return (
    <Chip
      severity={word === 'offline' ? 'urgent' : word === 'online' ? 'well' : 'quiet'}
      icon={<Icon size={16} aria-hidden />}
    >
      {since ? t('admin.homes.since', { state, time: times.shortMoment(since, now) }) : state}
    </Chip>
  );
}

const dayMs = 86_400_000;
/** Boxes renew when a third of 90 days is left: below a week something keeps them from it. */
const endsSoonMs = 7 * dayMs;

function Proof({ source }: { source: SourceView }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow(60_000);
  if (source.credential === 'certificate' && source.certificateEndsAt) {
    const soon = Date.parse(source.certificateEndsAt) - now < endsSoonMs;
    return (
      <Chip severity={soon ? 'urgent' : 'quiet'} icon={<IconCertificate size={16} aria-hidden />}>
        {t('admin.homes.certificateEnds', { time: times.shortMoment(source.certificateEndsAt, now) })}
      </Chip>
    );
  }
  if (source.credential === 'token')
    return (
      <Chip severity="quiet" icon={<IconKey size={16} aria-hidden />}>
        {t('admin.homes.token')}
      </Chip>
    );
  if (source.codeUntil) return null;
  return (
    <Chip severity="urgent" icon={<IconKey size={16} aria-hidden />}>
      {t(source.enrolledAt ? 'admin.homes.certificateEnded' : 'admin.homes.codeOver')}
    </Chip>
  );
}

export function Chip(props: {
  severity: 'critical' | 'urgent' | 'routine' | 'well' | 'quiet';
  icon: ReactNode;
  children: ReactNode;
}) {
  return (
    <span className="chip" data-severity={props.severity}>
      {props.icon}
      <span>{props.children}</span>
    </span>
  );
}
