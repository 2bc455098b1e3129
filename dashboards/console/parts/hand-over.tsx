import { Textarea } from '@mantine/core';
import { useState } from 'react';
import type { AlertView } from '#domain/views.ts';
import { useHandOver } from '../api/actions.ts';
import { Refused } from '../api/request.ts';
import { useLanguage } from '../locales/language.ts';
import { noteAtMost } from './acknowledge.tsx';
import { ChooseColleague } from './colleague.tsx';
import { Dialog } from './dialog.tsx';
import { useTell } from './tell.ts';

/** Gives an alert to a colleague, with what they must know. */
export function HandOver({ alert, close }: { alert: AlertView; close: () => void }) {
  const { t } = useLanguage();
  const tell = useTell();
  const { mutateAsync } = useHandOver();
  const [to, setTo] = useState('');
  const [missing, setMissing] = useState(false);
  const [note, setNote] = useState('');
  return (
    <Dialog
      title={t('alert.handOver.title')}
      close={close}
      submitWords={t('alert.handOver.submit')}
      faultWords={(fault) => (fault instanceof Refused ? t('fault.refused', { code: fault.code }) : t('fault.notDone'))}
      submit={async () => {
        if (to === '') {
          setMissing(true);
          return false;
        }
        const words = note.trim();
        const upshot = await mutateAsync({ alert: alert.id, to, ...(words ? { note: words } : {}) });
        if (upshot === 'done') tell.done(t('alert.handOver.done'));
        else tell.othersFirst(upshot.first);
        return true;
      }}
    >
      <p>{t('alert.handOver.lead')}</p>
      <ChooseColleague
        team={alert.team}
        without={alert.acknowledgedBy}
        label={t('alert.handOver.to')}
        nobody={t('alert.handOver.choose')}
        value={to}
        choose={setTo}
        error={missing && to === '' ? t('alert.handOver.missing') : undefined}
      />
      <Textarea
        label={t('alert.handOver.note')}
        value={note}
        maxLength={noteAtMost}
        autosize
        minRows={2}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
    </Dialog>
  );
}
