import { Button, NativeSelect, TextInput } from '@mantine/core';
import { IconChevronDown, IconPlus, IconTrash, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { onCallStep, type Policy, type PolicyStep, Target } from '#domain/escalation.ts';
import { placesAtMost } from '#domain/rota.ts';
import type { RotaPerson } from '#domain/rota-views.ts';
import { useLanguage } from '../locales/language.ts';
import { type FaultAt, IconButton } from './edit-layer.tsx';
import { usePolicyWords } from './policy-words.tsx';
import { useNames } from './words.ts';

const stepsAtMost = 10;

/** The steps of one severity, and how they repeat. */
export function EditPolicy(props: {
  policy: Policy;
  people: readonly RotaPerson[];
  channels: readonly string[];
  faultAt: FaultAt;
  change: (next: Policy, what?: string) => void;
}) {
  const { t } = useLanguage();
  const { policy, people, channels, faultAt, change } = props;
  const { steps } = policy;
  const last = steps.at(-1);
  return (
    <>
      <ol className="stack-small">
        {steps.map((step, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is its number
          <li key={i}>
            <EditStep
              n={i + 1}
              step={step}
              people={people}
              channels={channels}
              faultAt={(where) => faultAt(`/steps/${i}${where}`)}
              change={(next, what) => change({ ...policy, steps: steps.with(i, next) }, what && `step ${i} ${what}`)}
              remove={steps.length > 1 ? () => change({ ...policy, steps: steps.toSpliced(i, 1) }) : undefined}
            />
          </li>
        ))}
      </ol>
      <div className="filters">
        {steps.length < stepsAtMost && (
          <Button
            variant="default"
            leftSection={<IconPlus size={18} aria-hidden />}
            onClick={() =>
              change({
                ...policy,
                steps: [
                  ...steps,
                  onCallStep((last?.afterSeconds ?? 0) + 300, Math.min(steps.length, placesAtMost - 1)),
                ],
              })
            }
          >
            {t('onCall.policy.addStep')}
          </Button>
        )}
        <NumberField
          label={t('onCall.policy.roundsAtMost')}
          value={policy.rounds}
          error={faultAt('/rounds')}
          change={(rounds) => change({ ...policy, rounds }, 'rounds')}
        />
        <NumberField
          label={t('onCall.policy.repeatAfter')}
          value={policy.repeatAfterSeconds / 60}
          error={faultAt('/repeatAfterSeconds')}
          change={(minutes) => change({ ...policy, repeatAfterSeconds: Math.round(minutes * 60) }, 'repeat')}
        />
      </div>
    </>
  );
}

function EditStep(props: {
  n: number;
  step: PolicyStep;
  people: readonly RotaPerson[];
  channels: readonly string[];
  faultAt: FaultAt;
  change: (next: PolicyStep, what?: string) => void;
  remove: (() => void) | undefined;
}) {
  const { t } = useLanguage();
  const names = useNames();
  const words = usePolicyWords(props.people);
  const { n, step, people, channels, faultAt, change, remove } = props;
  const { targets } = step;
  const targetFault = faultAt('/targets');
  const offered: Target[] = [
    ...Array.from({ length: placesAtMost }, (_, place): Target => ({ kind: 'on-call', place })),
    { kind: 'role', role: 'nurse' },
    { kind: 'role', role: 'doctor' },
    ...people.flatMap(({ id, mayServe, channels: ways }): Target[] =>
      mayServe && ways.length > 0 ? [{ kind: 'person', clinician: id }] : [],
    ),
  ];
  const isIn = (target: Target) => targets.some((one) => JSON.stringify(one) === JSON.stringify(target));
  return (
    <fieldset className="step">
      <legend>{t('onCall.policy.step', { n })}</legend>
      <NumberField
        label={t('onCall.policy.minutes')}
        value={step.afterSeconds / 60}
        error={faultAt('/afterSeconds')}
        change={(minutes) => change({ ...step, afterSeconds: Math.round(minutes * 60) }, 'after')}
      />
      <div className="stack-small">
        <p className="field-name">{t('onCall.policy.whom')}</p>
        <ul className="row">
          {targets.map((target) => (
            <li key={JSON.stringify(target)} className="chip">
              <span>{words.target(target)}</span>
              <button
                type="button"
                className="chip-button"
                aria-label={t('onCall.policy.removeTarget', { who: words.target(target) })}
                onClick={() => change({ ...step, targets: targets.filter((one) => one !== target) })}
              >
                <IconX size={16} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
        {targetFault && <p className="gap-words small">{targetFault}</p>}
        <NativeSelect
          aria-label={`${t('onCall.policy.step', { n })}: ${t('onCall.policy.addTarget')}`}
          rightSection={<IconChevronDown size={18} aria-hidden />}
          value=""
          data={[
            { value: '', label: t('onCall.policy.addTarget') },
            ...offered
              .filter((target) => !isIn(target))
              .map((target) => ({ value: JSON.stringify(target), label: words.target(target) })),
          ]}
          onChange={({ currentTarget: { value } }) =>
            value !== '' && change({ ...step, targets: [...targets, Target.parse(JSON.parse(value))] })
          }
        />
      </div>
      <div className="stack-small">
        <p className="field-name">{t('onCall.policy.how')}</p>
        <label className="wish">
          <input
            type="checkbox"
            checked={step.channels === null}
            onChange={(event) => change({ ...step, channels: event.currentTarget.checked ? null : [...channels] })}
          />
          <span>{t('onCall.policy.everyChannel')}</span>
        </label>
        {step.channels && (
          <div className="days">
            {[...new Set([...channels, ...step.channels])].map((channel) => (
              <label key={channel}>
                <input
                  className="visually-hidden"
                  type="checkbox"
                  checked={step.channels?.includes(channel)}
                  onChange={(event) =>
                    change({
                      ...step,
                      channels: event.currentTarget.checked
                        ? [...(step.channels ?? []), channel]
                        : (step.channels ?? []).filter((one) => one !== channel),
                    })
                  }
                />
                <span>{names.channel(channel)}</span>
              </label>
            ))}
          </div>
        )}
        {faultAt('/channels') && <p className="gap-words small">{faultAt('/channels')}</p>}
      </div>
      {remove && <IconButton words={t('onCall.policy.removeStep', { n })} Icon={IconTrash} act={remove} />}
    </fieldset>
  );
}

/** A number as somebody types it: half a number is none, and is told as such when it is to be saved. */
function NumberField(props: {
  label: string;
  value: number;
  error: string | undefined;
  change: (value: number) => void;
}) {
  const { label, value, error, change } = props;
  const [typed, setTyped] = useState<string>();
  const meant = typed === undefined ? value : Number(typed);
  // taken back, or changed from elsewhere
  const shown =
    typed !== undefined && (Object.is(meant, value) || (typed.trim() === '' && Number.isNaN(value)))
      ? typed
      : `${value}`;
  return (
    <TextInput
      className="number-field"
      inputMode="decimal"
      label={label}
      value={shown === 'NaN' ? '' : shown}
      error={error}
      onChange={({ currentTarget }) => {
        setTyped(currentTarget.value);
        change(currentTarget.value.trim() === '' ? Number.NaN : Number(currentTarget.value));
      }}
    />
  );
}
