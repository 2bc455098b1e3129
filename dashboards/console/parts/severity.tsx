import {
  IconAlertOctagonFilled,
  IconAlertTriangleFilled,
  IconBellZ,
  IconCircleCheck,
  IconInfoCircle,
  IconUserCheck,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { AlertState, Severity } from '#domain/alert.ts';
import { useLanguage } from '../locales/language.ts';

/** How grave: always a colour and an icon and a word, because colours are not seen alike by everybody. */

const icons = {
  critical: IconAlertOctagonFilled,
  urgent: IconAlertTriangleFilled,
  routine: IconInfoCircle,
} as const;

export function SeverityIcon({ severity, size = 16 }: { severity: Severity; size?: number }) {
  const Icon = icons[severity];
  return <Icon size={size} aria-hidden />;
}

export function SeverityChip({ severity, children }: { severity: Severity; children?: ReactNode }) {
  const { t } = useLanguage();
  return (
    <span className="chip" data-severity={severity}>
      <SeverityIcon severity={severity} />
      <b>{t(`severity.${severity}`)}</b>
      {children}
    </span>
  );
}

/** `snoozed`: somebody has it in hand, and wants to be called later. */
export function StateChip({ state, snoozed = false }: { state: AlertState; snoozed?: boolean }) {
  const { t } = useLanguage();
  if (state === 'open') return null;
  const Icon = snoozed ? IconBellZ : state === 'acknowledged' ? IconUserCheck : IconCircleCheck;
  return (
    <span className="chip" data-severity={snoozed ? 'quiet' : 'well'}>
      <Icon size={16} aria-hidden />
      {snoozed ? t('alert.snooze.state') : t(`alertState.${state}`)}
    </span>
  );
}
