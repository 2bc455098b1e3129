import { Button, TextInput } from '@mantine/core';
import { IconArrowLeft, IconChartHistogram, IconDeviceFloppy } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { RuleParameter } from '#domain/rule-book.ts';
import { type Parameters, type Scope, useBacktest, useForecast, useSetParameters } from '../api/plans.ts';
import { useLanguage } from '../locales/language.ts';
import { SeverityChip } from '../parts/severity.tsx';
import { useTell } from '../parts/tell.ts';
import { useTellUndoable } from '../parts/undo.tsx';
import type { RuleInForce } from './limits.tsx';
import { Outcome } from './outcome.tsx';
import { usePlanWords } from './words.ts';

/**
 * The limits of one rule, of a patient or of a team. They are saved only after somebody has seen what the last three months would have been
 * like with them. `around`: what holds where nothing is set here.
 */
export function ChangeLimits(props: {
  scope: Scope;
  entry: RuleInForce;
  set: Parameters;
  around: Parameters;
  whose: string;
  back: string;
}) {
  const { t, say } = useLanguage();
  const { scope, entry, set, around, whose, back } = props;
  const [texts, setTexts] = useState<Record<string, string>>(() =>
    Object.fromEntries(Object.entries(set).map(([name, value]) => [name, String(value)])),
  );
  const [forecast, setForecast] = useState<{ id: string; of: string }>();
  const tell = useTell();
  const words = usePlanWords();
  const ask = useForecast(scope);
  const wishes = entry.parameters.map((parameter) => ({
    parameter,
    ...wishOf(parameter, texts[parameter.name] ?? ''),
  }));
  const proposal = Object.fromEntries(
    wishes.flatMap(({ parameter, value }) => (value === undefined ? [] : [[parameter.name, value]])),
  );
  const key = keyOf(proposal);
  const wrong = wishes.some(({ fault }) => fault);
  const changed = key !== keyOf(set);
  const begin = async () => {
    try {
      const { id } = await ask.mutateAsync({ rule: entry.rule, parameters: proposal });
      setForecast({ id, of: key });
    } catch (fault) {
      tell.cannot(words.fault(fault));
    }
  };
  return (
    <div className="stack">
      <div className="page-head">
        <div>
          <Link className="back" href={back}>
            <IconArrowLeft size={18} aria-hidden />
            {t('plan.limits.back')}
          </Link>
          <h1>{say(entry.title)}</h1>
          <p className="row muted">
            <SeverityChip severity={entry.severity} /> {whose}
          </p>
        </div>
      </div>
      <section className="card stack">
        <p className="muted">{t('plan.limits.lead')}</p>
        <div className="parameters">
          {wishes.map(({ parameter, fault }) => (
            <Field
              key={parameter.name}
              parameter={parameter}
              around={around[parameter.name] ?? parameter.default}
              text={texts[parameter.name] ?? ''}
              fault={fault}
              change={(text) => setTexts({ ...texts, [parameter.name]: text })}
            />
          ))}
        </div>
        <div className="row">
          <Button
            size="md"
            variant={forecast?.of === key ? 'default' : 'filled'}
            leftSection={<IconChartHistogram size={20} aria-hidden />}
            disabled={!changed || wrong || forecast?.of === key}
            loading={ask.isPending}
            onClick={() => void begin()}
          >
            {t('plan.forecast.ask')}
          </Button>
          <span className="muted small">{t(changed ? 'plan.forecast.first' : 'plan.limits.unchanged')}</span>
        </div>
      </section>
      {forecast && forecast.of === key && (
        <Seen
          key={forecast.id}
          id={forecast.id}
          again={() => void begin()}
          save={{ scope, rule: entry.rule, before: set, parameters: proposal, back }}
        />
      )}
      {forecast && forecast.of !== key && changed && <p className="notice">{t('plan.forecast.stale')}</p>}
    </div>
  );
}

const keyOf = (parameters: Parameters): string =>
  JSON.stringify(Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Nothing typed is nothing set. */
function wishOf({ low, high }: RuleParameter, text: string): { value: number | undefined; fault: boolean } {
  if (text.trim() === '') return { value: undefined, fault: false };
  const value = Number(text.trim().replace(',', '.'));
  return value >= low && value <= high ? { value, fault: false } : { value: undefined, fault: true };
}

function Field(props: {
  parameter: RuleParameter;
  around: number;
  text: string;
  fault: boolean;
  change: (text: string) => void;
}) {
  const { t, say } = useLanguage();
  const words = usePlanWords();
  const { parameter, around, text, fault, change } = props;
  const { low, high, unit, source } = parameter;
  const own = text.trim() !== '';
  return (
    <div className="parameter" data-own={own}>
      <TextInput
        label={unit === '1' ? say(parameter.label) : `${say(parameter.label)} (${unit})`}
        description={t('plan.limits.bounds', { low, high, usual: words.quantity(parameter.default, parameter) })}
        placeholder={t('plan.limits.asAround', { value: around })}
        inputMode="decimal"
        value={text}
        error={fault ? t('plan.limits.outside', { low, high }) : undefined}
        onChange={(event) => change(event.currentTarget.value)}
      />
      <div className="row">
        {own && (
          <Button variant="default" size="xs" onClick={() => change('')}>
            {t('plan.limits.giveBack', { value: words.quantity(around, parameter) })}
          </Button>
        )}
        <details className="small">
          <summary>{t('plan.limits.source')}</summary>
          <p className="muted">{source}</p>
        </details>
      </div>
    </div>
  );
}

type Save = { scope: Scope; rule: string; before: Parameters; parameters: Parameters; back: string };

/** What it would have changed, and only then the button. A forecast that cannot be made must not lock a doctor out. */
function Seen({ id, again, save }: { id: string; again: () => void; save: Save }) {
  const { t } = useLanguage();
  const tell = useTell();
  const words = usePlanWords();
  const [, go] = useLocation();
  const tellUndoable = useTellUndoable();
  const { scope, rule, before, parameters, back } = save;
  const { mutateAsync, isPending } = useSetParameters(scope);
  const backtest = useBacktest(id).data;
  const over = backtest?.state === 'done' || backtest?.state === 'failed';
  const put = async () => {
    try {
      await mutateAsync({ rule, parameters, seen: before, ...(backtest?.state === 'done' ? { forecast: id } : {}) });
      tellUndoable(
        t('plan.saved'),
        () => mutateAsync({ rule, parameters: before, seen: parameters }),
        t('plan.undone'),
      );
      go(back);
    } catch (fault) {
      tell.cannot(words.fault(fault));
    }
  };
  return (
    <section className="card stack">
      <h2>{t('plan.forecast.title')}</h2>
      <Outcome id={id} again={again} />
      {over && (
        <div className="row">
          <Button
            size="md"
            leftSection={<IconDeviceFloppy size={20} aria-hidden />}
            loading={isPending}
            onClick={() => void put()}
          >
            {t(backtest.state === 'done' ? 'plan.save' : 'plan.forecast.saveWithout')}
          </Button>
          <span className="muted small">{t('plan.limits.fromNow')}</span>
        </div>
      )}
    </section>
  );
}
