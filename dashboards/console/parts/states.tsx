import { Button, Skeleton } from '@mantine/core';
import { IconCircleCheck, IconPlugConnectedX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Refused } from '../api/request.ts';
import { useLanguage } from '../locales/language.ts';

/** What stands where an answer is still awaited, did not come, or is empty. */

export function Waiting() {
  const { t } = useLanguage();
  return (
    <div className="stack" role="status" aria-label={t('common.loading')}>
      <Skeleton height={44} />
      <Skeleton height={84} />
      <Skeleton height={84} />
    </div>
  );
}

export function Failed({ fault, retry }: { fault: unknown; retry: () => unknown }) {
  const { t } = useLanguage();
  const absent = fault instanceof Refused && (fault.status === 404 || fault.status === 422 || fault.status === 400);
  return (
    <div className="fault" role="alert">
      <IconPlugConnectedX size={20} aria-hidden />
      {t(absent ? 'fault.notFound' : 'fault.noData')}
      {!absent && (
        <Button size="xs" variant="default" onClick={() => retry()}>
          {t('common.retry')}
        </Button>
      )}
    </div>
  );
}

export function Calm({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="card calm">
      <IconCircleCheck size={40} stroke={1.5} aria-hidden />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

type Asked<T> = { data: T | undefined; error: unknown; refetch: () => unknown };

/** The answer, once it is there. An older answer stays on the screen when a newer question fails: the header says of when. */
export function Answer<T>({ of, children }: { of: Asked<T>; children: (answer: T) => ReactNode }) {
  if (of.data !== undefined) return children(of.data);
  if (of.error) return <Failed fault={of.error} retry={of.refetch} />;
  return <Waiting />;
}
