import { Button } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useEffect } from 'react';
import type { Refused } from '../api/request.ts';
import { useLanguage } from '../locales/language.ts';
import { ChangedMeanwhile } from './changed.tsx';
import type { Draft } from './draft.ts';

/** Beneath what is being changed, always in sight: how it stands, why it was not saved, and the way on and back. */
export function SaveBar(props: {
  draft: Pick<Draft<unknown>, 'changed' | 'undo'>;
  words: string;
  busy: boolean;
  save: () => void;
  /** Something is marked. */
  mend: boolean;
  refused: Refused | undefined;
  faultWords: (fault: unknown) => string;
  theirs: () => void;
  mine: () => void;
  /** Leaves all as it was. */
  cancel?: () => void;
}) {
  const { t } = useLanguage();
  const { draft, words, busy, save, mend, refused, faultWords, theirs, mine, cancel } = props;
  useWarning(draft.changed);
  if (!draft.changed && !cancel) return null;
  return (
    <div className="save-bar">
      {refused?.code === 'changed-meanwhile' ? (
        <ChangedMeanwhile first={refused.first} theirs={theirs} mine={mine} />
      ) : (
        (refused || mend) && (
          <p className="fault" role="alert">
            {refused ? faultWords(refused) : t('onCall.rota.mend')}
          </p>
        )
      )}
      <span className="save-state muted">{t(draft.changed ? 'onCall.rota.unsaved' : 'onCall.rota.unchanged')}</span>
      {cancel && (
        <Button variant="default" onClick={cancel}>
          {t('onCall.policy.cancel')}
        </Button>
      )}
      {draft.changed && (
        <>
          <Button variant="default" leftSection={<IconArrowBackUp size={18} aria-hidden />} onClick={draft.undo}>
            {t('onCall.rota.undo')}
          </Button>
          <Button loading={busy} onClick={save}>
            {words}
          </Button>
        </>
      )}
    </div>
  );
}

/** Closing the window with something unsaved asks first, in the browser's own words. */
function useWarning(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [unsaved]);
}
