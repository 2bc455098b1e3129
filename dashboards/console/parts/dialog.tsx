import { Button, Modal } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useLanguage } from '../locales/language.ts';

/** A question before something is done, with its answer's fault beside the button. `submit` closes it unless it answers false. */
export function Dialog(props: {
  title: string;
  close: () => void;
  submitWords: string;
  /** What cannot be undone looks like it. */
  grave?: boolean;
  submit: () => Promise<unknown>;
  /** Why the server did not do it, in words. */
  faultWords: (fault: unknown) => string;
  children: ReactNode;
}) {
  const { t } = useLanguage();
  const { title, close, submitWords, grave, submit, faultWords, children } = props;
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
        {fault !== undefined && (
          <p className="fault" role="alert">
            {faultWords(fault)}
          </p>
        )}
        <div className="row buttons">
          <Button variant="default" size="md" onClick={close}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" size="md" color={grave ? 'red' : 'teal'} loading={busy}>
            {submitWords}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
