import { notifications } from '@mantine/notifications';
import { Refused } from '../api/request.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { clock } from '../time/clock.ts';

/** Says what became of an action. Bad news stays until somebody closes it. */
export function useTell() {
  const { t, say } = useLanguage();
  const times = useTimes();
  const stay = (message: string, color: string) =>
    notifications.show({
      message,
      color,
      autoClose: false,
      role: 'alert',
      closeButtonProps: { 'aria-label': t('common.close') },
    });
  return {
    done: (message: string) =>
      notifications.show({ message, color: 'teal', closeButtonProps: { 'aria-label': t('common.close') } }),
    /** Somebody else did it before: who, and when. */
    othersFirst: (first: Refused['first']) =>
      stay(
        first
          ? t('fault.firstWas', { name: say(first.name), time: times.shortMoment(first.at, clock.now()) })
          : t('fault.othersFirst'),
        'yellow',
      ),
    cannot: (message: string) => stay(message, 'yellow'),
    failed: (fault: unknown) =>
      fault instanceof Refused && fault.code === 'called-anew'
        ? stay(t('alert.refused.called-anew'), 'yellow')
        : stay(fault instanceof Refused ? t('fault.refused', { code: fault.code }) : t('fault.notDone'), 'red'),
  };
}
