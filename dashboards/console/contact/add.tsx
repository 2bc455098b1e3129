import { Button, TextInput } from '@mantine/core';
import { IconBrowser, IconDeviceMobileMessage, IconMail, IconTopologyStar } from '@tabler/icons-react';
import { useState } from 'react';
import type { ContactKind, MyContact } from '#domain/contact.ts';
import { type NewPoint, useAddPoint } from '../api/contact.ts';
import { useLanguage } from '../locales/language.ts';
import { useTell } from '../parts/tell.ts';
import { subscribeHere } from './push.ts';
import { useTrying } from './words.ts';

const kinds = [
  { kind: 'phone', words: 'contact.addPhone', Icon: IconDeviceMobileMessage },
  { kind: 'ntfy', words: 'contact.addNtfy', Icon: IconTopologyStar },
  { kind: 'web-push', words: 'contact.addPush', Icon: IconBrowser },
  { kind: 'email', words: 'contact.addEmail', Icon: IconMail },
] as const;

/** Another way to be reached, of a kind that something can be sent to here. */
export function AddPoint({ contact }: { contact: MyContact }) {
  const { t } = useLanguage();
  const tell = useTell();
  const trying = useTrying();
  const { mutateAsync, isPending } = useAddPoint();
  const [asking, setAsking] = useState<'email' | 'phone'>();
  const add = (point: NewPoint) => trying(mutateAsync(point));
  const begin = async (kind: ContactKind) => {
    if (kind === 'email' || kind === 'phone') return setAsking(kind);
    setAsking(undefined);
    if (kind === 'ntfy') return void add({ kind });
    const subscription = await subscribeHere(contact.webPushKey ?? '');
    if (typeof subscription === 'string') tell.cannot(t(`contact.push.${subscription}`));
    else await add({ kind, subscription });
  };
  const offered = kinds.filter(({ kind }) => contact.channels.some(({ to }) => to === kind));
  if (offered.length === 0) return null;
  return (
    <section className="card stack" aria-label={t('contact.add')}>
      <h2>{t('contact.add')}</h2>
      <div className="row">
        {offered.map(({ kind, words, Icon }) => (
          <Button
            key={kind}
            variant="default"
            leftSection={<Icon size={18} aria-hidden />}
            loading={isPending}
            onClick={() => void begin(kind)}
          >
            {t(words)}
          </Button>
        ))}
      </div>
      {asking && (
        <AddressForm
          key={asking}
          kind={asking}
          close={() => setAsking(undefined)}
          add={async (address, label) => {
            const named = label ? { label } : {};
            const point = asking === 'email' ? { kind: asking, email: address } : { kind: asking, number: address };
            if (await add({ ...point, ...named } as NewPoint)) setAsking(undefined);
          }}
        />
      )}
    </section>
  );
}

function AddressForm(props: {
  kind: 'email' | 'phone';
  close: () => void;
  add: (address: string, label: string) => Promise<void>;
}) {
  const { t } = useLanguage();
  const [address, setAddress] = useState('');
  const [label, setLabel] = useState('');
  const [empty, setEmpty] = useState(false);
  const bare = props.kind === 'phone' ? address.replaceAll(/[\s()-]/g, '') : address.trim();
  return (
    <form
      className="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setEmpty(bare === '');
        if (bare !== '') void props.add(bare, label.trim());
      }}
    >
      <TextInput
        label={t(props.kind === 'email' ? 'contact.address' : 'contact.number')}
        type={props.kind === 'email' ? 'email' : 'tel'}
        autoComplete={props.kind === 'email' ? 'email' : 'tel'}
        value={address}
        error={empty && t('contact.fault.invalid')}
        data-autofocus
        onChange={(event) => setAddress(event.currentTarget.value)}
      />
      <TextInput
        label={t('contact.label')}
        value={label}
        maxLength={60}
        onChange={(event) => setLabel(event.currentTarget.value)}
      />
      <div className="row">
        <Button type="submit">{t('contact.add')}</Button>
        <Button variant="default" onClick={props.close}>
          {t('contact.cancel')}
        </Button>
      </div>
    </form>
  );
}
