import { Button } from '@mantine/core';
import { useState } from 'react';
import type { Override } from '#domain/rota.ts';
import type { RotaView } from '#domain/rota-views.ts';
import { useRestoreCover, useTakeCoverAway } from '../api/on-call.ts';
import { useLanguage } from '../locales/language.ts';
import { useNames, useTrying, useWhen } from './words.ts';

/** Who covers for whom, now and later; what is taken away can be brought back while one stays here. */
export function Covers({ rota }: { rota: RotaView }) {
  const { t } = useLanguage();
  const [takenAway, setTakenAway] = useState<readonly Override[]>([]);
  const gone = (id: string) => takenAway.some((one) => one.id === id);
  const shown = [...rota.overrides.filter(({ id }) => !gone(id)), ...takenAway].sort((a, b) =>
    a.from < b.from ? -1 : a.from > b.from ? 1 : 0,
  );
  return (
    <section className="card" aria-label={t('onCall.covers.title')}>
      <h2>{t('onCall.covers.title')}</h2>
      {shown.length === 0 && <p className="muted">{t('onCall.covers.none')}</p>}
      <ul className="items">
        {shown.map((cover) =>
          gone(cover.id) ? (
            <TakenAway
              key={cover.id}
              cover={cover}
              rota={rota}
              restored={() => setTakenAway((before) => before.filter(({ id }) => id !== cover.id))}
            />
          ) : (
            <Standing
              key={cover.id}
              cover={cover}
              rota={rota}
              taken={() => setTakenAway((before) => [...before, cover])}
            />
          ),
        )}
      </ul>
    </section>
  );
}

function Standing({ cover, rota, taken }: { cover: Override; rota: RotaView; taken: () => void }) {
  const { t } = useLanguage();
  const names = useNames();
  const when = useWhen();
  const trying = useTrying(rota.people);
  const takeAway = useTakeCoverAway(rota.team);
  const who = names.who(cover.clinician, rota.people);
  const { instead } = cover;
  return (
    <li className="item" data-cover={cover.id}>
      <div>
        <p>
          <b>{who}</b>{' '}
          {instead.kind === 'person'
            ? t('onCall.covers.forPerson', { who: names.who(instead.person, rota.people) })
            : t('onCall.covers.forPlace', { place: names.place(instead.place) })}
        </p>
        <p className="muted numbers">{when.span(Date.parse(cover.from), Date.parse(cover.to))}</p>
      </div>
      <div className="act">
        <Button
          variant="default"
          loading={takeAway.isPending}
          aria-label={t('onCall.covers.takeAwayOf', { who, from: when.moment(Date.parse(cover.from)) })}
          onClick={() => void trying(takeAway.mutateAsync(cover.id)).then((done) => done && taken())}
        >
          {t('onCall.covers.takeAway')}
        </Button>
      </div>
    </li>
  );
}

function TakenAway({ cover, rota, restored }: { cover: Override; rota: RotaView; restored: () => void }) {
  const { t } = useLanguage();
  const names = useNames();
  const when = useWhen();
  const trying = useTrying(rota.people);
  const restore = useRestoreCover(rota.team);
  const who = names.who(cover.clinician, rota.people);
  return (
    <li className="item" data-cover={cover.id}>
      <p>{t('onCall.covers.takenAway', { who, from: when.moment(Date.parse(cover.from)) })}</p>
      <div className="act">
        <Button
          variant="default"
          loading={restore.isPending}
          onClick={() => void trying(restore.mutateAsync(cover.id)).then((done) => done && restored())}
        >
          {t('onCall.covers.undo')}
        </Button>
      </div>
    </li>
  );
}
