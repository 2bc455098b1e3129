import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useLanguage } from '../locales/language.ts';
import { useTell } from './tell.ts';

/** Long enough to see the slip and to reach the button. */
const shownMs = 12_000;

/** Says that something is done, with the way back beside it. */
export function useTellUndoable() {
  const { t } = useLanguage();
  const tell = useTell();
  return (message: string, undo: () => Promise<unknown>, undone: string): void => {
    const id = notifications.show({
      color: 'teal',
      autoClose: shownMs,
      closeButtonProps: { 'aria-label': t('common.close') },
      message: (
        <span className="row">
          <span>{message}</span>
          <Button
            variant="default"
            size="xs"
            leftSection={<IconArrowBackUp size={16} aria-hidden />}
            onClick={() => {
              notifications.hide(id);
              undo().then(() => tell.done(undone), tell.failed);
            }}
          >
            {t('common.undo')}
          </Button>
        </span>
      ),
    });
  };
}
