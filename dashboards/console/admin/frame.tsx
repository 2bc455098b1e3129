import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useLanguage } from '../locales/language.ts';
import { useTitle } from '../parts/title.ts';

/** What stands around every page for administrators. */

export const adminPages = ['homes', 'quarantine', 'operation', 'audit', 'erasure'] as const;
export type AdminPage = (typeof adminPages)[number];

export function Frame(props: { page: AdminPage; lead?: string; act?: ReactNode; children: ReactNode }) {
  const { t } = useLanguage();
  const { page, lead, act, children } = props;
  useTitle(t(`admin.pages.${page}`));
  return (
    <>
      <nav className="subnav" aria-label={t('admin.title')}>
        {adminPages.map((one) => (
          <Link key={one} href={`/admin/${one}`} aria-current={one === page ? 'page' : undefined}>
            {t(`admin.pages.${one}`)}
          </Link>
        ))}
      </nav>
      <div className="page-head">
        <div className="lead">
          <h1>{t(`admin.pages.${page}`)}</h1>
          {lead && <p className="muted">{lead}</p>}
        </div>
        {act}
      </div>
      {children}
    </>
  );
}
