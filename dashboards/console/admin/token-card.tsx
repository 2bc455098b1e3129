import { Button, Modal } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import type { TokenGiven } from '#domain/homes.ts';
import { useGiveToken } from '../api/admin.ts';
import { useLanguage } from '../locales/language.ts';
import { Copyable } from './copy.tsx';
import { Dialog } from './dialog.tsx';

/** A token for a device that can do no certificate: asked for once more, then shown this once. */
export function TokenCard({ source, close }: { source: string; close: () => void }) {
  const { t } = useLanguage();
  const { mutateAsync } = useGiveToken();
  const [given, setGiven] = useState<TokenGiven>();
  const title = t('admin.token.title', { source });
  if (!given)
    return (
      <Dialog
        title={title}
        close={close}
        submitWords={t('admin.token.confirm')}
        submit={async () => {
          setGiven(await mutateAsync(source));
          return false;
        }}
      >
        <p>{t('admin.token.ask')}</p>
      </Dialog>
    );
  return (
    <Modal
      opened
      onClose={close}
      title={title}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      closeOnClickOutside={false}
      centered
      size="lg"
    >
      <div className="stack">
        <p>
          <b>{t('admin.token.once')}</b>
        </p>
        <Copyable label={t('admin.token.address')} text={given.mqttUrl} />
        <Copyable label={t('admin.token.user')} text={given.source} />
        <Copyable label={t('admin.token.password')} text={given.token} />
        {given.authority !== null && (
          <div className="copyable">
            <p className="small">{t('admin.token.authority')}</p>
            <Button
              component="a"
              variant="default"
              leftSection={<IconDownload size={18} aria-hidden />}
              href={`data:application/x-pem-file,${encodeURIComponent(given.authority)}`}
              download="hearthbeat-authority.pem"
            >
              {t('admin.token.download')}
            </Button>
          </div>
        )}
        <div className="row buttons">
          <Button size="md" onClick={close}>
            {t('admin.code.done')}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
