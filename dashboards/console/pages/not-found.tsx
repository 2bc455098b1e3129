import { IconMapQuestion } from '@tabler/icons-react';
import { Link } from 'wouter';
import { useLanguage } from '../locales/language.ts';
import { useTitle } from '../parts/title.ts';

export function NotFoundPage() {
  const { t } = useLanguage();
  useTitle(t('notFound.title'));
  return (
    <div className="card calm">
      <IconMapQuestion size={40} stroke={1.5} aria-hidden />
      <h1>{t('notFound.title')}</h1>
      <p>{t('notFound.more')}</p>
      <Link href="/">{t('notFound.home')}</Link>
    </div>
  );
}
