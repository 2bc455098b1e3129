import '../locales/admin.ts';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Link, useLocation } from 'wouter';
import { platformTroubles } from '#domain/platform.ts';
import { usePlatformAlerts } from '../api/admin.ts';
import { useLanguage } from '../locales/language.ts';

/** For administrators, on every page: a part of the platform does not work. The gravest first. */
export default function PlatformBanner() {
  const { t, say, language } = useLanguage();
  const [path] = useLocation();
  const alerts = usePlatformAlerts('open').data?.alerts ?? [];
  const first = alerts.find(({ state }) => state === 'down') ?? alerts[0];
  if (!first || path === '/admin/operation') return null;
  return (
    <div className="platform-bar" role="status" data-state={first.state}>
      <IconAlertTriangle size={20} aria-hidden />
      <span>
        {say(platformTroubles[first.trouble].title)}
        {alerts.length > 1 &&
          `${language === 'zh' ? '，' : ', '}${t('admin.banner.more', { count: alerts.length - 1 })}`}
      </span>
      <Link href="/admin/operation">{t('admin.banner.look')}</Link>
    </div>
  );
}
