import { Button, TextInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import { type Layer, placesAtMost, type Shift } from '#domain/rota.ts';
import type { RotaPerson } from '#domain/rota-views.ts';
import { dayNumber, weekday } from '#domain/wall-clock.ts';
import { useLanguage } from '../locales/language.ts';
import { EditPlace } from './edit-place.tsx';
import { renamed } from './named.ts';
import { useNames } from './words.ts';

export type FaultAt = (place: string) => string | undefined;
const shiftsAtMost = 50;
const everyDay = [1, 2, 3, 4, 5, 6, 7];

/** One pattern of weeks: when it serves, who serves in it, and in which turn. */
export function EditLayer(props: {
  layer: Layer;
  people: readonly RotaPerson[];
  faultAt: FaultAt;
  change: (next: Layer, what?: string) => void;
  up: (() => void) | undefined;
  down: (() => void) | undefined;
  remove: () => void;
}) {
  const { t, say, language } = useLanguage();
  const names = useNames();
  const { layer, people, faultAt, change, up, down, remove } = props;
  const name = say(layer.name);
  const setShift = (s: number, next: Shift, what?: string) =>
    change({ ...layer, shifts: layer.shifts.with(s, next) }, what);
  return (
    <section className="card stack" aria-label={name} data-layer={layer.id}>
      <div className="layer-head">
        <TextInput
          label={t('onCall.rota.name')}
          value={name}
          maxLength={80}
          error={faultAt('/name')}
          onChange={(event) =>
            change({ ...layer, name: renamed(layer.name, event.currentTarget.value, language) }, 'name')
          }
        />
        <div className="row">
          {up && <IconButton words={t('onCall.rota.up', { what: name })} Icon={IconArrowUp} act={up} />}
          {down && <IconButton words={t('onCall.rota.down', { what: name })} Icon={IconArrowDown} act={down} />}
          <IconButton words={t('onCall.rota.remove', { what: name })} Icon={IconTrash} act={remove} />
        </div>
      </div>

      <div className="layer-body">
        <div className="stack-small">
          <h3>{t('onCall.rota.shifts')}</h3>
          {faultAt('/shifts') && <p className="gap-words">{faultAt('/shifts')}</p>}
          {layer.shifts.map((shift, s) => (
            <EditShift
              // biome-ignore lint/suspicious/noArrayIndexKey: shifts have no name but their place
              key={s}
              shift={shift}
              label={t('onCall.rota.shift', { n: s + 1 })}
              faultAt={(place) => faultAt(`/shifts/${s}${place}`)}
              change={(next, what) => setShift(s, next, what && `shift ${s} ${what}`)}
              remove={
                layer.shifts.length > 1 ? () => change({ ...layer, shifts: layer.shifts.toSpliced(s, 1) }) : undefined
              }
            />
          ))}
          {layer.shifts.length < shiftsAtMost && (
            <div>
              <Button
                variant="default"
                leftSection={<IconPlus size={18} aria-hidden />}
                onClick={() =>
                  change({ ...layer, shifts: [...layer.shifts, { days: everyDay, from: '08:00', to: '20:00' }] })
                }
              >
                {t('onCall.rota.addShift')}
              </Button>
            </div>
          )}
          <div className="two fields-side">
            <TextInput
              type="date"
              label={t('onCall.rota.since')}
              value={layer.since}
              error={faultAt('/since')}
              onChange={(event) => change({ ...layer, since: event.currentTarget.value }, 'since')}
            />
            <TextInput
              type="date"
              label={t('onCall.rota.until')}
              value={layer.until ?? ''}
              error={faultAt('/until')}
              onChange={(event) => change({ ...layer, until: event.currentTarget.value || null }, 'until')}
            />
          </div>
          <label className="wish">
            <input
              type="checkbox"
              checked={layer.holidaysOnly}
              onChange={(event) => change({ ...layer, holidaysOnly: event.currentTarget.checked })}
            />
            <span>{t('onCall.rota.holidaysOnly')}</span>
          </label>
        </div>

        <div className="stack-small">
          <h3>{t('onCall.rota.places')}</h3>
          {layer.since !== '' && (
            <p className="muted small">
              {t('onCall.rota.turns', { day: names.fullWeekday(weekday(dayNumber(layer.since))) })}
            </p>
          )}
          {layer.places.map((place, p) => (
            <EditPlace
              // biome-ignore lint/suspicious/noArrayIndexKey: a place is its number
              key={p}
              name={names.place(p)}
              ids={place.people}
              people={people}
              change={(ids) => change({ ...layer, places: layer.places.with(p, { people: ids }) })}
              // only the last: others would move up unseen
              remove={
                layer.places.length > 1 && p === layer.places.length - 1
                  ? () => change({ ...layer, places: layer.places.toSpliced(p, 1) })
                  : undefined
              }
            />
          ))}
          {layer.places.length < placesAtMost && (
            <div>
              <Button
                variant="default"
                leftSection={<IconPlus size={18} aria-hidden />}
                onClick={() => change({ ...layer, places: [...layer.places, { people: [] }] })}
              >
                {t('onCall.rota.addPlace')}
              </Button>
            </div>
          )}
        </div>
      </div>
    </section>
  );
}

function EditShift(props: {
  shift: Shift;
  label: string;
  faultAt: FaultAt;
  change: (next: Shift, what?: string) => void;
  remove: (() => void) | undefined;
}) {
  const { t } = useLanguage();
  const names = useNames();
  const { shift, label, faultAt, change, remove } = props;
  const { days, from, to } = shift;
  return (
    <fieldset className="shift">
      <legend className="visually-hidden">{label}</legend>
      <div>
        <p className="field-name">{t('onCall.rota.days')}</p>
        <div className="days">
          {everyDay.map((day) => (
            <label key={day}>
              <input
                className="visually-hidden"
                type="checkbox"
                checked={days.includes(day)}
                onChange={(event) =>
                  change({
                    ...shift,
                    days: event.currentTarget.checked ? [...days, day].sort() : days.filter((one) => one !== day),
                  })
                }
              />
              <span>{names.weekday(day)}</span>
            </label>
          ))}
        </div>
        {faultAt('/days') && <p className="gap-words small">{faultAt('/days')}</p>}
      </div>
      <TextInput
        type="time"
        label={t('onCall.rota.from')}
        value={from}
        error={faultAt('/from')}
        onChange={(event) => change({ ...shift, from: event.currentTarget.value }, 'from')}
      />
      <TextInput
        type="time"
        label={t('onCall.rota.to')}
        value={to}
        error={faultAt('/to')}
        onChange={(event) => change({ ...shift, to: event.currentTarget.value }, 'to')}
      />
      <p className="muted small shift-words">
        {from !== '' && from === to
          ? t('onCall.rota.wholeDay')
          : to !== '' && to < from
            ? t('onCall.rota.nextDay')
            : ''}
      </p>
      {remove && <IconButton words={t('onCall.rota.remove', { what: label })} Icon={IconTrash} act={remove} />}
    </fieldset>
  );
}

export function IconButton({ words, Icon, act }: { words: string; Icon: typeof IconTrash; act: () => void }) {
  return (
    <button type="button" className="plain-button quiet-button" aria-label={words} title={words} onClick={act}>
      <Icon size={20} stroke={1.8} aria-hidden />
    </button>
  );
}
