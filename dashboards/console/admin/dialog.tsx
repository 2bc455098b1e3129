import { Button, Modal } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useLanguage } from '../locales/language.ts';
import { Fault } from './faults.tsx';

/** A question before something is done, with its answer's fault beside the button. `submit` closes it unless it answers false. */
export function Dialog(props: {
  title: string;
  close: () => void;
  submitWords: string;
  /** What cannot be undone looks like it. */
  grave?: boolean;
  submit: () => Promise<unknown>;
  children: ReactNode;
}) {
  const { t } = useLanguage();
  const { title, close, submitWords, grave, submit, children } = props;
  const [fault, setFault] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    setFault(undefined);
    try {
      if ((await submit()) !== false) close();
    } catch (why) {
      setFault(why);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={close}
      title={title}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      centered
      size="lg"
    >
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        {children}
        <Fault fault={fault} />
        <div className="row buttons">
          <Button variant="default" size="md" onClick={close}>
            {t('admin.cancel')}
          </Button>
          <Button type="submit" size="md" color={grave ? 'red' : 'teal'} loading={busy}>
            {submitWords}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
