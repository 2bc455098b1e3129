import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import {
  IconAdjustments,
  IconBell,
  IconChecklist,
  IconHeartRateMonitor,
  IconLanguage,
  IconListDetails,
  IconMail,
  IconMoon,
  IconPhoneCall,
  IconSettings,
  IconSun,
  IconTestPipe,
} from '@tabler/icons-react';
import { lazy, type ReactNode, Suspense } from 'react';
import { Link, useLocation } from 'wouter';
import type { SessionView } from '#domain/views.ts';
import { switchLanguage, useLanguage } from '../locales/language.ts';
import { Account } from './account.tsx';
import { ConnectionLost, ConnectionState } from './connection.tsx';

// its words are many, and for administrators alone
const PlatformBanner = lazy(() => import('./platform-banner.tsx'));

/** Header, navigation and notices around every page. Without a session: the header alone. */
export function Shell({ session, children }: { session: SessionView | null; children: ReactNode }) {
  const { t } = useLanguage();
  return (
    <>
      <a className="skip" href="#content">
        {t('shell.skip')}
      </a>
      <header className={session ? 'header signed-in' : 'header'}>
        <Link className="brand" href="/" aria-label={t('common.product')}>
          <IconHeartRateMonitor size={26} stroke={1.8} aria-hidden />
          <span className={session ? 'brand-word' : undefined}>{t('common.product')}</span>
        </Link>
        {session && <Navigation session={session} />}
        <div className="header-end" style={session ? undefined : { marginLeft: 'auto' }}>
          {session && <ConnectionState />}
          <LanguageSwitch />
          <ThemeSwitch />
          {session && <Account session={session} />}
        </div>
      </header>
      {session && <ConnectionLost />}
      {session?.clinician.role === 'administrator' && (
        <Suspense fallback={null}>
          <PlatformBanner />
        </Suspense>
      )}
      {session && <Notes session={session} />}
      <main className="main" id="content" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function Navigation({ session }: { session: SessionView }) {
  const { t } = useLanguage();
  const [path] = useLocation();
  const pages = [
    { to: '/', name: t('shell.worklist'), Icon: IconListDetails, here: path === '/' || path.startsWith('/patients') },
    { to: '/alerts', name: t('shell.alerts'), Icon: IconBell, here: path.startsWith('/alerts') },
    { to: '/tasks', name: t('shell.tasks'), Icon: IconChecklist, here: path.startsWith('/tasks') },
    { to: '/on-call', name: t('shell.onCall'), Icon: IconPhoneCall, here: path.startsWith('/on-call') },
    ...(session.clinician.role === 'nurse'
      ? []
      : [{ to: '/rules', name: t('shell.rules'), Icon: IconAdjustments, here: path.startsWith('/rules') }]),
    ...(session.clinician.role === 'administrator'
      ? [{ to: '/admin', name: t('shell.admin'), Icon: IconSettings, here: path.startsWith('/admin') }]
      : []),
    ...(session.neighbourhood
      ? [{ to: '/mailbox', name: t('shell.mailbox'), Icon: IconMail, here: path === '/mailbox' }]
      : []),
  ];
  return (
    <nav className="nav" aria-label={t('shell.navigation')}>
      {pages.map(({ to, name, Icon, here }) => (
        <Link key={to} href={to} aria-current={here ? 'page' : undefined}>
          <Icon size={20} stroke={1.8} aria-hidden />
          {name}
        </Link>
      ))}
    </nav>
  );
}

function LanguageSwitch() {
  const { language } = useLanguage();
  const [other, name] = language === 'en' ? (['zh', '中文'] as const) : (['en', 'English'] as const);
  return (
    <button
      type="button"
      className="plain-button"
      lang={other === 'zh' ? 'zh-CN' : 'en'}
      onClick={() => void switchLanguage(other)}
    >
      <IconLanguage size={20} stroke={1.8} aria-hidden />
      {name}
    </button>
  );
}

function ThemeSwitch() {
  const { t } = useLanguage();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const Icon = scheme === 'light' ? IconMoon : IconSun;
  return (
    <button
      type="button"
      className="plain-button"
      aria-label={t(scheme === 'light' ? 'shell.theme.toDark' : 'shell.theme.toLight')}
      onClick={() => setColorScheme(scheme === 'light' ? 'dark' : 'light')}
    >
      <Icon size={20} stroke={1.8} aria-hidden />
    </button>
  );
}

function Notes({ session }: { session: SessionView }) {
  const { t } = useLanguage();
  const notes = [
    ...(session.neighbourhood ? [t('shell.simulated')] : []),
    ...(session.vitalsStore === 'postgresql' ? [t('shell.fallbackStore')] : []),
  ];
  if (notes.length === 0) return null;
  return (
    <div className="notes" role="note">
      {notes.map((note) => (
        <span key={note}>
          <IconTestPipe size={15} aria-hidden />
          {note}
        </span>
      ))}
    </div>
  );
}
