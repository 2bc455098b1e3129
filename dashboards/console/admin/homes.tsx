import { Button, TextInput } from '@mantine/core';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useDeferredValue, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { SourceId } from '#domain/ids.ts';
import type { SourceView } from '#domain/views.ts';
import { useAddSource, useSources } from '../api/admin.ts';
import { useLanguage } from '../locales/language.ts';
import { Choice } from '../parts/choice.tsx';
import { Answer, Calm } from '../parts/states.tsx';
import { useTell } from '../parts/tell.ts';
import { Dialog } from './dialog.tsx';
import { Frame } from './frame.tsx';
import { SourceChips } from './source-chips.tsx';

/** Every gateway and direct device, and how it stands. */
export function HomesPage() {
  const { t } = useLanguage();
  const [search, setSearch] = useState('');
  const [adding, setAdding] = useState(false);
  const wanted = useDeferredValue(search.trim());
  const sources = useSources(wanted);
  return (
    <Frame
      page="homes"
      lead={t('admin.homes.lead')}
      act={
        <Button size="md" leftSection={<IconPlus size={18} aria-hidden />} onClick={() => setAdding(true)}>
          {t('admin.homes.register')}
        </Button>
      }
    >
      <div className="stack">
        <TextInput
          type="search"
          aria-label={t('admin.homes.search')}
          placeholder={t('admin.homes.searchPlaceholder')}
          leftSection={<IconSearch size={18} aria-hidden />}
          value={search}
          maxLength={100}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <Answer of={sources}>
          {({ pages }) => {
            const all = pages.flatMap((page) => page.sources);
            if (all.length === 0)
              return wanted ? (
                <Calm title={t('admin.homes.nothingFound')} />
              ) : (
                <Calm title={t('admin.homes.none')}>
                  <p>{t('admin.homes.noneMore')}</p>
                </Calm>
              );
            return (
              <>
                <section className="card" aria-label={t('admin.pages.homes')}>
                  <ul className="items">
                    {all.map((source) => (
                      <Item key={source.id} source={source} />
                    ))}
                  </ul>
                </section>
                {sources.hasNextPage && (
                  <Button
                    variant="default"
                    loading={sources.isFetchingNextPage}
                    onClick={() => void sources.fetchNextPage()}
                  >
                    {t('admin.more')}
                  </Button>
                )}
              </>
            );
          }}
        </Answer>
      </div>
      {adding && <Register close={() => setAdding(false)} />}
    </Frame>
  );
}

function Item({ source }: { source: SourceView }) {
  const { t } = useLanguage();
  const waiting = source.status?.waiting ?? 0;
  return (
    <li className="item" data-source={source.id}>
      <div>
        <Link className="title" href={`/admin/homes/${source.id}`}>
          {source.id}
        </Link>
        <div className="row small muted">
          <span>{t(`admin.homes.kind.${source.kind}`)}</span>
          <span>{t('admin.homes.devices', { count: source.devices })}</span>
          {waiting > 0 && <span>{t('admin.homes.waiting', { count: waiting })}</span>}
        </div>
        <SourceChips source={source} />
      </div>
    </li>
  );
}

const kinds = ['gateway', 'device'] as const;

function Register({ close }: { close: () => void }) {
  const { t } = useLanguage();
  const tell = useTell();
  const [, go] = useLocation();
  const { mutateAsync } = useAddSource();
  const [kind, setKind] = useState<(typeof kinds)[number]>('gateway');
  const [name, setName] = useState('');
  const [wrong, setWrong] = useState(false);
  const submit = async () => {
    const id = name.trim();
    const isWrong = id !== '' && !SourceId.safeParse(id).success;
    setWrong(isWrong);
    if (isWrong) return false;
    const { source } = await mutateAsync({ kind, ...(id ? { id } : {}) });
    tell.done(t('admin.homes.registered', { source: source.id }));
    go(`/admin/homes/${source.id}`);
    return true;
  };
  return (
    <Dialog title={t('admin.homes.register')} close={close} submitWords={t('admin.homes.register')} submit={submit}>
      <div>
        <Choice
          label={t('admin.homes.register')}
          options={kinds.map((value) => ({ value, words: t(`admin.homes.kind.${value}`) }))}
          value={kind}
          choose={setKind}
        />
        <p className="small muted">{t(`admin.homes.kindMore.${kind}`)}</p>
      </div>
      <TextInput
        label={t('admin.homes.name')}
        description={t('admin.homes.nameMore')}
        value={name}
        maxLength={64}
        error={wrong ? t('admin.homes.nameWrong') : undefined}
        onChange={(event) => setName(event.currentTarget.value)}
      />
    </Dialog>
  );
}
