import { Refused } from '../api/request.ts';
import { useLanguage } from '../locales/language.ts';

/** Why the server did not do it, in words where there are some, beside the button that asked. */
export function Fault({ fault }: { fault: unknown }) {
  const { t } = useLanguage();
  if (!fault) return null;
  return (
    <p className="fault" role="alert">
      {wordsFor(fault, t)}
    </p>
  );
}

const known = [
  'source-taken',
  'source-revoked',
  'wants-code',
  'device-elsewhere',
  'device-taken',
  'not-heard',
  'heard-by-several',
  'too-late-to-undo',
  'ended-before',
  'invalid',
  'erased-before',
  'busy',
] as const;

export function wordsFor(fault: unknown, t: ReturnType<typeof useLanguage>['t']): string {
  if (!(fault instanceof Refused)) return t('fault.notDone');
  const code = known.find((one) => one === fault.code);
  return code ? t(`admin.fault.${code}`) : t('fault.refused', { code: fault.code });
}
