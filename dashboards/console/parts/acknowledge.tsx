import { Button, Modal, Textarea } from '@mantine/core';
import { IconHandStop } from '@tabler/icons-react';
import { useState } from 'react';
import type { Severity } from '#domain/alert.ts';
import { useAcknowledge } from '../api/actions.ts';
import { useLanguage } from '../locales/language.ts';
import { useTell } from './tell.ts';

/** Notes are kept with the alert; longer ones belong into the record. */
export const noteAtMost = 2000;

/** Acknowledges and says what became of it. */
export function useAcknowledging(alert: string, raisedAt?: string) {
  const { t } = useLanguage();
  const tell = useTell();
  const { mutateAsync, isPending } = useAcknowledge();
  return {
    isPending,
    acknowledge: async (note: string): Promise<void> => {
      try {
        const upshot = await mutateAsync({
          alert,
          ...(raisedAt ? { raisedAt } : {}),
          ...(note.trim() ? { note: note.trim() } : {}),
        });
        if (upshot === 'done') tell.done(t('alert.done'));
        else tell.othersFirst(upshot.first);
      } catch (fault) {
        tell.failed(fault);
      }
    },
  };
}

/**
 * The quick way from a list. It asks once more, because in a list of many a finger slips, and a slipped acknowledgement would
 * stop the paging for somebody whom nobody looks at.
 */
export function QuickAcknowledge(props: { alert: string; severity: Severity; title: string; name: string }) {
  const { alert, title, name } = props;
  const color = props.severity === 'critical' ? 'red' : undefined;
  const { t } = useLanguage();
  const [asking, setAsking] = useState(false);
  const [note, setNote] = useState('');
  const { acknowledge, isPending } = useAcknowledging(alert);
  return (
    <>
      <Button
        color={color}
        variant={props.severity === 'routine' ? 'default' : 'filled'}
        leftSection={<IconHandStop size={18} aria-hidden />}
        aria-label={t('worklist.acknowledgeFor', { title, name })}
        onClick={() => setAsking(true)}
      >
        {t('worklist.acknowledge')}
      </Button>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={`${name} · ${title}`}
        closeButtonProps={{ 'aria-label': t('common.close') }}
        centered
      >
        <div className="stack">
          <p>{t('alert.acknowledgeMore')}</p>
          <Button
            color={color}
            size="lg"
            data-autofocus
            fullWidth
            loading={isPending}
            onClick={() => acknowledge(note).then(() => setAsking(false))}
          >
            {t('alert.acknowledge')}
          </Button>
          <Textarea
            label={t('common.noteOptional')}
            value={note}
            maxLength={noteAtMost}
            autosize
            minRows={2}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
        </div>
      </Modal>
    </>
  );
}
