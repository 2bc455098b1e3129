import { Button, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import type { Holiday, Rota } from '#domain/rota.ts';
import type { RotaPerson } from '#domain/rota-views.ts';
import { useLanguage } from '../locales/language.ts';
import { Select } from '../parts/select.tsx';
import { type FaultAt, IconButton } from './edit-layer.tsx';
import { renamed } from './named.ts';

const holidaysAtMost = 200;

/** Days on which another layer goes first, or somebody is away. */
export function EditHolidays(props: {
  rota: Rota;
  people: readonly RotaPerson[];
  faultAt: FaultAt;
  change: (next: Holiday[], what?: string) => void;
}) {
  const { t } = useLanguage();
  const { rota, people, faultAt, change } = props;
  const { holidays } = rota;
  const blank = { en: '', zh: '' };
  return (
    <section className="card stack" aria-label={t('onCall.rota.holidays')}>
      <h2>{t('onCall.rota.holidays')}</h2>
      {holidays.length === 0 && <p className="muted">{t('onCall.rota.noHolidays')}</p>}
      {holidays.map((holiday, h) => (
        <EditHoliday
          // biome-ignore lint/suspicious/noArrayIndexKey: a holiday that is being written has no name yet
          key={h}
          holiday={holiday}
          layers={rota.layers}
          people={people}
          faultAt={(place) => faultAt(`/holidays/${h}${place}`)}
          change={(next, what) => change(holidays.with(h, next), what && `holiday ${h} ${what}`)}
          remove={() => change(holidays.toSpliced(h, 1))}
        />
      ))}
      {holidays.length < holidaysAtMost && (
        <div>
          <Button
            variant="default"
            leftSection={<IconPlus size={18} aria-hidden />}
            onClick={() => change([...holidays, { on: '', name: blank, layer: null, away: [] }])}
          >
            {t('onCall.rota.addHoliday')}
          </Button>
        </div>
      )}
    </section>
  );
}

function EditHoliday(props: {
  holiday: Holiday;
  layers: Rota['layers'];
  people: readonly RotaPerson[];
  faultAt: FaultAt;
  change: (next: Holiday, what?: string) => void;
  remove: () => void;
}) {
  const { t, say, language } = useLanguage();
  const { holiday, layers, people, faultAt, change, remove } = props;
  const name = say(holiday.name);
  return (
    <fieldset className="holiday">
      <legend className="visually-hidden">{name || t('onCall.rota.newHoliday')}</legend>
      <TextInput
        type="date"
        label={t('onCall.rota.on')}
        value={holiday.on}
        error={faultAt('/on')}
        onChange={(event) => change({ ...holiday, on: event.currentTarget.value }, 'on')}
      />
      <TextInput
        label={t('onCall.rota.holidayName')}
        value={name}
        maxLength={80}
        error={faultAt('/name')}
        onChange={(event) =>
          change({ ...holiday, name: renamed(holiday.name, event.currentTarget.value, language) }, 'name')
        }
      />
      <Select
        label={t('onCall.rota.goesFirst')}
        first={t('onCall.rota.asUsual')}
        options={layers.map((layer) => ({ value: layer.id, words: say(layer.name) }))}
        value={holiday.layer ?? ''}
        error={faultAt('/layer')}
        choose={(layer) => change({ ...holiday, layer: layer || null })}
      />
      <div className="holiday-away">
        <p className="field-name">{t('onCall.rota.away')}</p>
        <div className="days">
          {people
            .filter(({ mayServe }) => mayServe)
            .map(({ id, name: called }) => (
              <label key={id}>
                <input
                  className="visually-hidden"
                  type="checkbox"
                  checked={holiday.away.includes(id)}
                  onChange={(event) =>
                    change({
                      ...holiday,
                      away: event.currentTarget.checked
                        ? [...holiday.away, id]
                        : holiday.away.filter((one) => one !== id),
                    })
                  }
                />
                <span>{say(called)}</span>
              </label>
            ))}
        </div>
      </div>
      <IconButton
        words={t('onCall.rota.remove', { what: name || t('onCall.rota.newHoliday') })}
        Icon={IconTrash}
        act={remove}
      />
    </fieldset>
  );
}
