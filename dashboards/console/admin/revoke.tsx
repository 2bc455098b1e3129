import { useState } from 'react';
import { RevocationReason, revocationReasons } from '#domain/homes.ts';
import { useRevoke } from '../api/admin.ts';
import { useLanguage } from '../locales/language.ts';
import { Select } from '../parts/select.tsx';
import { useTell } from '../parts/tell.ts';
import { Dialog } from './dialog.tsx';

/** Shuts a source out for ever, or whoever holds one certificate; asks why. */
export function Revoke({ source, fingerprint, close }: { source: string; fingerprint?: string; close: () => void }) {
  const { t } = useLanguage();
  const tell = useTell();
  const { mutateAsync } = useRevoke();
  const [chosen, setChosen] = useState('');
  const [missing, setMissing] = useState(false);
  const one = fingerprint === undefined;
  const submit = async () => {
    const reason = RevocationReason.safeParse(chosen);
    setMissing(!reason.success);
    if (!reason.success) return false;
    await mutateAsync({ source, ...(one ? {} : { fingerprint }), reason: reason.data });
    tell.done(one ? t('admin.revoke.done', { source }) : t('admin.revoke.certificateDone'));
    return true;
  };
  return (
    <Dialog
      title={one ? t('admin.revoke.title', { source }) : t('admin.revoke.certificateTitle')}
      close={close}
      submitWords={t(one ? 'admin.revoke.button' : 'admin.revoke.certificateButton')}
      grave
      submit={submit}
    >
      <p>{t(one ? 'admin.revoke.lead' : 'admin.revoke.certificateLead')}</p>
      {!one && <p className="small muted numbers">{fingerprint}</p>}
      <Select
        label={t('admin.revoke.reason')}
        first={t('admin.revoke.choose')}
        required
        error={missing ? t('admin.revoke.choose') : undefined}
        value={chosen}
        choose={setChosen}
        options={revocationReasons.map((value) => ({ value, words: t(`admin.revoke.reasons.${value}`) }))}
      />
    </Dialog>
  );
}
