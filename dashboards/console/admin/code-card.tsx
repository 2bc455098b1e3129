import { Button, Modal } from '@mantine/core';
import { IconPrinter } from '@tabler/icons-react';
import type { CodeGiven } from '#domain/homes.ts';
import type { SourceView } from '#domain/views.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { useNow } from '../time/clock.ts';
import { Copyable } from './copy.tsx';
import { spelled } from './spelling.ts';

/** A code with which a box enrols: big, to be read out, with the time it has left and by what the box knows us. */
export function CodeCard(props: { source: Pick<SourceView, 'id' | 'kind'>; given: CodeGiven; close: () => void }) {
  const { t } = useLanguage();
  const { given, close } = props;
  const { id, kind } = props.source;
  const trust = given.authority ? ` --trust ${given.authority}` : '';
  return (
    <Modal
      opened
      onClose={close}
      title={t('admin.code.title', { source: id })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      closeOnClickOutside={false}
      centered
      size="lg"
    >
      <div className="stack code-card">
        <p>{t('admin.code.lead')}</p>
        <p className="big-code" data-code={given.code}>
          {given.code}
        </p>
        <Left until={given.expiresAt} />
        <Spelling code={given.code} />
        {given.authority && (
          <div>
            <p className="small muted">{t('admin.code.authority')}</p>
            <p className="pin">{given.authority}</p>
            <p className="small muted">{t('admin.code.authorityMore')}</p>
          </div>
        )}
        {kind === 'gateway' ? (
          <Copyable
            label={t('admin.code.command')}
            text={`hearthbeat-gateway enroll ${given.url} ${given.code}${trust}`}
          />
        ) : (
          <Copyable label={t('admin.code.address')} text={new URL('/api/v1/enrolments', given.url).href} />
        )}
        {isOnlyHere(given.url) && <p className="small muted">{t('admin.code.onlyHere')}</p>}
        <p className="small muted">{t('admin.code.once')}</p>
        <div className="row buttons no-print">
          <Button
            variant="default"
            size="md"
            leftSection={<IconPrinter size={18} aria-hidden />}
            onClick={() => window.print()}
          >
            {t('admin.code.print')}
          </Button>
          <Button size="md" onClick={close}>
            {t('admin.code.done')}
          </Button>
        </div>
      </div>
    </Modal>
  );
}

function Left({ until }: { until: string }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow(1_000);
  const left = Date.parse(until) - now;
  return (
    <p role="timer" className={left > 0 ? 'muted numbers' : 'fault'}>
      {left > 0 ? t('admin.code.left', { time: times.duration(left) }) : t('admin.code.over')}
    </p>
  );
}

function Spelling({ code }: { code: string }) {
  const { t, language } = useLanguage();
  const characters = [...code.replaceAll('-', '')].map((character, place) => ({ character, place }));
  return (
    <div>
      <p className="small muted">{t('admin.code.readOut')}</p>
      <ol className="spelling">
        {characters.map(({ character, place }) => (
          <li key={place}>
            <b>{character}</b> {spelled(character, language)}
          </li>
        ))}
      </ol>
    </div>
  );
}

const isOnlyHere = (url: string): boolean => /^(localhost|127\..*|\[::1\])$/.test(new URL(url).hostname);
