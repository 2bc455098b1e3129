import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { ClinicianId } from '#domain/ids.ts';
import { type Cover, placesOf } from '#domain/rota.ts';
import type { RotaView } from '#domain/rota-views.ts';
import { useAddCover } from '../api/on-call.ts';
import { useLanguage } from '../locales/language.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Select } from '../parts/select.tsx';
import { useTell } from '../parts/tell.ts';
import { useZone } from '../parts/zone.ts';
import { clock } from '../time/clock.ts';
import { fieldOf, instantOfField } from '../time/format.ts';
import { useFaultWords, useNames, useWhen } from './words.ts';

/** What is known before the question is asked. ms since 1970. */
export type CoverWish = { instead?: Cover['instead']; from: number; to: number };

type Missing = 'needed' | 'timeNeeded' | 'toLate' | 'self';

/** Lets somebody cover, from a moment to another. */
export function CoverDialog({ rota, wish, close }: { rota: RotaView; wish: CoverWish; close: () => void }) {
  const { t, say } = useLanguage();
  const names = useNames();
  const when = useWhen();
  const zone = useZone();
  const tell = useTell();
  const faultWords = useFaultWords(rota.people);
  const add = useAddCover(rota.team);
  const [who, setWho] = useState('');
  const [instead, setInstead] = useState(wish.instead ? keyOf(wish.instead) : '');
  const [from, setFrom] = useState(fieldOf(Math.max(wish.from, clock.now()), zone));
  const [to, setTo] = useState(fieldOf(wish.to, zone));
  const [missing, setMissing] = useState<{ who?: Missing; instead?: Missing; from?: Missing; to?: Missing }>({});
  const error = (field: keyof typeof missing) => missing[field] && t(`onCall.covers.${missing[field]}`);

  const submit = async () => {
    const cover = insteadOf(instead);
    const [begin, end] = [instantOfField(from, zone), instantOfField(to, zone)];
    const found: typeof missing = {};
    if (who === '') found.who = 'needed';
    if (!cover) found.instead = 'needed';
    else if (cover.kind === 'person' && cover.person === who) found.instead = 'self';
    if (Number.isNaN(begin)) found.from = 'timeNeeded';
    if (Number.isNaN(end)) found.to = 'timeNeeded';
    else if (end <= Math.max(begin, clock.now())) found.to = 'toLate';
    setMissing(found);
    if (Object.keys(found).length > 0 || !cover) return false;
    const clinician = ClinicianId.parse(who);
    await add.mutateAsync({
      clinician,
      instead: cover,
      from: new Date(begin).toISOString(),
      to: new Date(end).toISOString(),
    });
    tell.done(t('onCall.covers.added', { who: names.who(clinician, rota.people), from: when.moment(begin) }));
    return true;
  };
  const serving = rota.people.filter(({ mayServe }) => mayServe);
  const places = Math.max(
    placesOf({ layers: rota.rota.layers, overrides: rota.overrides }),
    ...rota.places.map((p) => p + 1),
  );
  return (
    <Dialog
      title={t('onCall.covers.add')}
      close={close}
      submitWords={t('onCall.covers.submit')}
      submit={submit}
      faultWords={faultWords}
    >
      <Select
        label={t('onCall.covers.who')}
        first={t('onCall.covers.choose')}
        options={serving.map(({ id, name, channels }) => ({
          value: id,
          words: channels.length > 0 ? say(name) : t('onCall.covers.isUnreachable', { who: say(name) }),
        }))}
        value={who}
        choose={setWho}
        error={error('who')}
      />
      <Select
        label={t('onCall.covers.instead')}
        first={t('onCall.covers.choose')}
        options={[
          ...serving.map(({ id, name }) => ({ value: `person ${id}`, words: say(name) })),
          ...Array.from({ length: places }, (_, place) => ({ value: `place ${place}`, words: names.place(place) })),
        ]}
        value={instead}
        choose={setInstead}
        error={error('instead')}
      />
      <div className="two fields-side">
        <TextInput
          type="datetime-local"
          label={t('onCall.covers.from')}
          value={from}
          error={error('from')}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          label={t('onCall.covers.to')}
          value={to}
          error={error('to')}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
      </div>
      <p className="muted small">{t('onCall.everyClock', { zone })}</p>
    </Dialog>
  );
}

const keyOf = (instead: Cover['instead']): string =>
  instead.kind === 'place' ? `place ${instead.place}` : `person ${instead.person}`;

function insteadOf(key: string): Cover['instead'] | undefined {
  const [kind, what = ''] = key.split(' ');
  if (kind === 'place') return { kind, place: Number(what) };
  return kind === 'person' ? { kind, person: ClinicianId.parse(what) } : undefined;
}
