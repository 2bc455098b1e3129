import { Button, Modal, Radio, Textarea } from '@mantine/core';
import { useState } from 'react';
import { type Alert, type Outcome, outcomes } from '#domain/alert.ts';
import { useResolve } from '../api/actions.ts';
import { useLanguage } from '../locales/language.ts';
import { noteAtMost } from './acknowledge.tsx';
import { useTell } from './tell.ts';

/** Ends an episode: with what came of it, which is what the next reviewer asks first. */
export function Resolve({ alert: { id, raisedAt } }: { alert: Pick<Alert, 'id' | 'raisedAt'> }) {
  const { t } = useLanguage();
  const tell = useTell();
  const { mutateAsync, isPending } = useResolve();
  const [asking, setAsking] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [missing, setMissing] = useState(false);
  const [note, setNote] = useState('');

  const submit = async () => {
    if (!outcome) return setMissing(true);
    try {
      const upshot = await mutateAsync({
        ...{ alert: id, raisedAt, outcome },
        ...(note.trim() ? { note: note.trim() } : {}),
      });
      setAsking(false);
      if (upshot === 'done') tell.done(t('alert.resolved'));
      else tell.othersFirst(upshot.first);
    } catch (fault) {
      tell.failed(fault);
    }
  };
  return (
    <>
      <Button variant="default" onClick={() => setAsking(true)}>
        {t('alert.resolve')}
      </Button>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('alert.resolveTitle')}
        closeButtonProps={{ 'aria-label': t('common.close') }}
        centered
      >
        <form
          className="stack"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <Radio.Group
            label={t('alert.outcome')}
            value={outcome ?? ''}
            error={missing && !outcome ? t('alert.chooseOutcome') : undefined}
            onChange={(value) => setOutcome(outcomes.find((one) => one === value) ?? null)}
          >
            <div className="stack" style={{ gap: 10, marginTop: 8 }}>
              {outcomes.map((one) => (
                <Radio key={one} value={one} label={t(`outcome.${one}`)} />
              ))}
            </div>
          </Radio.Group>
          <Textarea
            label={t('common.noteOptional')}
            value={note}
            maxLength={noteAtMost}
            autosize
            minRows={2}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          <Button type="submit" size="md" loading={isPending}>
            {t('alert.resolve')}
          </Button>
        </form>
      </Modal>
    </>
  );
}
