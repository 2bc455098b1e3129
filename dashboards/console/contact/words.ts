import { Refused } from '../api/request.ts';
import { useLanguage } from '../locales/language.ts';
import { useTell } from '../parts/tell.ts';

const known = [
  'code-wrong',
  'code-expired',
  'too-many-tries',
  'too-many-messages',
  'known-already',
  'too-many',
  'no-such-channel',
  'invalid',
] as const;

/** Does something and says in words why it was not done. @returns whether it was. */
export function useTrying() {
  const { t } = useLanguage();
  const tell = useTell();
  return async (attempt: Promise<unknown>, done?: string): Promise<boolean> => {
    try {
      await attempt;
      if (done) tell.done(done);
      return true;
    } catch (fault) {
      const code = fault instanceof Refused ? known.find((one) => one === fault.code) : undefined;
      if (code) tell.cannot(t(`contact.fault.${code}`));
      else tell.failed(fault);
      return false;
    }
  };
}
