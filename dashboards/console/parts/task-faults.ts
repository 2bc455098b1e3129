import { Refused } from '../api/request.ts';
import { useLanguage } from '../locales/language.ts';

const told = ['not-theirs', 'already-theirs', 'already-ticked', 'not-ticked', 'not-done', 'too-late'] as const;

/** Why the server did not change a task, in words. */
export function useTaskFaultWords() {
  const { t } = useLanguage();
  return (fault: unknown): string => {
    if (!(fault instanceof Refused)) return t('fault.notDone');
    if (fault.errors.some(({ pointer }) => pointer === '/dueAt')) return t('tasks.duePast');
    const code = told.find((one) => one === fault.code);
    return code ? t(`tasks.refused.${code}`) : t('fault.refused', { code: fault.code });
  };
}
