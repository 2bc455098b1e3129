import { Button, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { Expectation } from '#domain/care-plan.ts';
import type { PatientView } from '#domain/views.ts';
import { isContinuous, panelNames, panels } from '#domain/vitals.ts';
import { useMayAct } from '../api/queries.ts';
import { useLanguage } from '../locales/language.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Select } from '../parts/select.tsx';
import { usePutting } from './putting.ts';
import { Section } from './section.tsx';
import { usePlanWords } from './words.ts';

const bounds = { times: 24, everyDays: 31 };

/** What the patient is to measure, and how often. */
export function ExpectedPart({ view }: { view: PatientView }) {
  const { t } = useLanguage();
  const words = usePlanWords();
  const mayAct = useMayAct();
  return (
    <Section
      title={t('plan.expected.title')}
      lead={t('plan.expected.lead')}
      change={mayAct ? t('plan.change') : undefined}
      dialog={(close) => <Ask view={view} close={close} />}
    >
      {view.carePlan.expected.length === 0 ? (
        <p className="muted">{t('plan.expected.none')}</p>
      ) : (
        <ul className="bullets">
          {view.carePlan.expected.map((one) => (
            <li key={one.panel}>{words.expectation(one)}</li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Ask({ view, close }: { view: PatientView; close: () => void }) {
  const { t, say } = useLanguage();
  const words = usePlanWords();
  const { put } = usePutting(view);
  const [all, setAll] = useState<Expectation[]>(view.carePlan.expected);
  const free = panelNames.filter((panel) => !isContinuous(panel) && !all.some((one) => one.panel === panel));
  const change = (i: number, part: Partial<Expectation>) =>
    setAll(all.map((one, n) => (n === i ? { ...one, ...part } : one)));
  return (
    <Dialog
      title={t('plan.expected.title')}
      close={close}
      submitWords={t('plan.save')}
      faultWords={words.fault}
      submit={() => put({ part: 'expected', expected: all }, t('plan.saved'))}
    >
      {all.length === 0 && <p className="muted">{t('plan.expected.none')}</p>}
      {all.map((one, i) => (
        <fieldset key={one.panel} className="plan-row">
          <legend>{say(panels[one.panel].name)}</legend>
          <Whole
            label={t('plan.expected.times')}
            value={one.times}
            most={bounds.times}
            change={(times) => change(i, { times })}
          />
          <Whole
            label={t('plan.expected.days')}
            value={one.everyDays}
            most={bounds.everyDays}
            change={(everyDays) => change(i, { everyDays })}
          />
          <Button
            variant="default"
            leftSection={<IconTrash size={18} aria-hidden />}
            aria-label={`${t('plan.remove')}: ${say(panels[one.panel].name)}`}
            onClick={() => setAll(all.filter((_, n) => n !== i))}
          >
            {t('plan.remove')}
          </Button>
        </fieldset>
      ))}
      {free.length > 0 && (
        <div className="row">
          <IconPlus size={18} aria-hidden />
          <Select
            label={t('plan.expected.add')}
            first={t('plan.choose')}
            options={free.map((panel) => ({ value: panel, words: say(panels[panel].name) }))}
            value=""
            choose={(value) => {
              const panel = free.find((one) => one === value);
              if (panel) setAll([...all, { panel, times: 1, everyDays: 1 }]);
            }}
          />
        </div>
      )}
    </Dialog>
  );
}

/** A whole number from 1. */
export function Whole(props: { label: string; value: number; most: number; change: (value: number) => void }) {
  const { label, value, most, change } = props;
  return (
    <TextInput
      type="number"
      label={label}
      value={value}
      min={1}
      max={most}
      step={1}
      onChange={(event) => {
        const next = Math.round(event.currentTarget.valueAsNumber);
        if (next >= 1 && next <= most) change(next);
      }}
    />
  );
}
