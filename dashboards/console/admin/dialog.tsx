import type { ComponentProps } from 'react';
import { useLanguage } from '../locales/language.ts';
import { Dialog as AnyDialog } from '../parts/dialog.tsx';
import { wordsFor } from './faults.tsx';

/** A question that administrators answer. */
export function Dialog(props: Omit<ComponentProps<typeof AnyDialog>, 'faultWords'>) {
  const { t } = useLanguage();
  return <AnyDialog {...props} faultWords={(fault) => wordsFor(fault, t)} />;
}
