import { useEffect } from 'react';
import { useLanguage } from '../locales/language.ts';

/** The window's title names the page and never a person or a value: titles stand in taskbars and histories. */
export function useTitle(page: string): void {
  const { t } = useLanguage();
  useEffect(() => {
    document.title = `${page} · ${t('common.product')}`;
  }, [page, t]);
}
