import { NativeSelect } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconChevronDown, IconTrash } from '@tabler/icons-react';
import { ClinicianId } from '#domain/ids.ts';
import type { RotaPerson } from '#domain/rota-views.ts';
import { useLanguage } from '../locales/language.ts';
import { IconButton } from './edit-layer.tsx';
import { useNames } from './words.ts';

/** Who takes turns at one place, in which order. */
export function EditPlace(props: {
  name: string;
  ids: readonly ClinicianId[];
  people: readonly RotaPerson[];
  change: (ids: ClinicianId[]) => void;
  remove: (() => void) | undefined;
}) {
  const { t, say } = useLanguage();
  const names = useNames();
  const { name, ids, people, change, remove } = props;
  const move = (from: number, by: number) => {
    const moved = [...ids];
    moved.splice(from + by, 0, ...moved.splice(from, 1));
    change(moved);
  };
  return (
    <div className="place">
      <div className="layer-head">
        <b>{name}</b>
        {remove && <IconButton words={t('onCall.rota.remove', { what: name })} Icon={IconTrash} act={remove} />}
      </div>
      {ids.length === 0 && <p className="gap-words small">{t('onCall.rota.noOne')}</p>}
      <ol>
        {ids.map((id, i) => {
          const who = names.who(id, people);
          const person = people.find((one) => one.id === id);
          const trouble = !person?.mayServe ? 'stranger' : person.channels.length === 0 ? 'unreachable' : undefined;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: somebody may have two turns
            <li key={`${id} ${i}`} className="turn">
              <span className="turn-number">{i + 1}</span>
              <span>
                {who}
                {trouble && <span className="gap-words small turn-trouble">{t(`onCall.rota.missing.${trouble}`)}</span>}
              </span>
              <span className="turn-acts">
                {i > 0 && (
                  <IconButton words={t('onCall.rota.up', { what: who })} Icon={IconArrowUp} act={() => move(i, -1)} />
                )}
                {i < ids.length - 1 && (
                  <IconButton
                    words={t('onCall.rota.down', { what: who })}
                    Icon={IconArrowDown}
                    act={() => move(i, 1)}
                  />
                )}
                <IconButton
                  words={t('onCall.rota.remove', { what: who })}
                  Icon={IconTrash}
                  act={() => change(ids.toSpliced(i, 1))}
                />
              </span>
            </li>
          );
        })}
      </ol>
      <NativeSelect
        aria-label={t('onCall.rota.addPerson', { place: name })}
        rightSection={<IconChevronDown size={18} aria-hidden />}
        value=""
        data={[
          { value: '', label: t('onCall.rota.addPerson', { place: name }) },
          ...people
            .filter(({ mayServe }) => mayServe)
            .map(({ id, name: called, channels }) => ({
              value: id,
              label: channels.length > 0 ? say(called) : t('onCall.covers.isUnreachable', { who: say(called) }),
              // the API would refuse it
              disabled: channels.length === 0,
            })),
        ]}
        onChange={({ currentTarget: { value } }) => value !== '' && change([...ids, ClinicianId.parse(value)])}
      />
    </div>
  );
}
