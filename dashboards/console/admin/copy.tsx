import { Button } from '@mantine/core';
import { IconCopy } from '@tabler/icons-react';
import { useLanguage } from '../locales/language.ts';
import { useTell } from '../parts/tell.ts';

/** A text to be typed elsewhere, and a button that copies it. Browsers copy over HTTPS and on this machine only. */
export function Copyable({ label, text }: { label: string; text: string }) {
  const { t } = useLanguage();
  const tell = useTell();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      tell.done(t('admin.copied'));
    } catch {
      tell.cannot(t('admin.copyFailed'));
    }
  };
  return (
    <div className="copyable">
      <div>
        <p className="small muted">{label}</p>
        <p className="code-text">{text}</p>
      </div>
      <Button
        variant="default"
        leftSection={<IconCopy size={18} aria-hidden />}
        aria-label={`${t('admin.copy')}: ${label}`}
        onClick={() => void copy()}
      >
        {t('admin.copy')}
      </Button>
    </div>
  );
}
