import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { onCallStep, Policies, Policy } from '#domain/escalation.ts';
import type { PoliciesView, RotaPerson } from '#domain/rota-views.ts';
import { useSavePolicies } from '../api/on-call.ts';
import { Refused } from '../api/request.ts';
import { useLanguage } from '../locales/language.ts';
import { SeverityChip } from '../parts/severity.tsx';
import { useTell } from '../parts/tell.ts';
import { useDraft } from './draft.ts';
import { EditPolicy } from './edit-policy.tsx';
import { faultsIn } from './policy-faults.ts';
import { usePolicyWords } from './policy-words.tsx';
import { RehearsalCard } from './rehearsal.tsx';
import { SaveBar } from './save-bar.tsx';
import { useFaultWords } from './words.ts';

const usualNight = { from: '21:00', to: '07:00' };
/** What an alert that called nobody begins with. */
const simplest: Policy = { steps: [onCallStep(0, 0)], repeatAfterSeconds: 3_600, rounds: 2 };

/** Whom alerts call, to be changed: told as it is written, tried before it is saved. */
export function EditPolicies({
  view,
  people,
  close,
}: {
  view: PoliciesView;
  people: readonly RotaPerson[];
  close: () => void;
}) {
  const { t } = useLanguage();
  const tell = useTell();
  const words = usePolicyWords(people);
  const draft = useDraft<Policies>(view.policies);
  const [seen, setSeen] = useState(view.version);
  const [tried, setTried] = useState(false);
  const [refused, setRefused] = useState<Refused>();
  const save = useSavePolicies(view.team);
  const faultWords = useFaultWords(people);
  const { value: policies, change } = draft;
  const faults = faultsIn(policies, people);
  const faultAt = (where: string): string | undefined => {
    const fault = tried ? faults.get(where) : undefined;
    return fault && t(`onCall.policy.missing.${fault}`);
  };
  const submit = async (version: number) => {
    setTried(true);
    setRefused(undefined);
    if (faults.size > 0) return;
    try {
      await save.mutateAsync({ version, policies });
      tell.done(t('onCall.policy.saved'));
      close();
    } catch (fault) {
      if (fault instanceof Refused) setRefused(fault);
      else tell.failed(fault);
    }
  };
  const { quietHours } = policies;
  return (
    <div className="stack">
      {(['critical', 'urgent', 'routine'] as const).map((severity) => {
        const policy = policies[severity];
        const set = (next: Policy | null, what?: string) =>
          change({ ...policies, [severity]: next }, what && `${severity} ${what}`);
        return (
          <section key={severity} className="card stack policy" data-severity={severity}>
            <h2>
              <SeverityChip severity={severity} />
            </h2>
            {severity !== 'critical' && (
              <label className="wish">
                <input
                  type="checkbox"
                  checked={policy !== null}
                  onChange={(event) => set(event.currentTarget.checked ? (view.policies[severity] ?? simplest) : null)}
                />
                <span>{t('onCall.policy.calls')}</span>
              </label>
            )}
            {policy ? (
              <>
                <EditPolicy
                  policy={policy}
                  people={people}
                  channels={view.channels}
                  faultAt={(where) => faultAt(`/${severity}${where}`)}
                  change={set}
                />
                {Policy.safeParse(policy).success && <p className="told">{words.told(policy)}</p>}
              </>
            ) : (
              <p>{t('onCall.policy.callsNobody')}</p>
            )}
          </section>
        );
      })}
      <section className="card stack-small" aria-label={t('onCall.policy.quiet')}>
        <h2>{t('onCall.policy.quiet')}</h2>
        <label className="wish">
          <input
            type="checkbox"
            checked={quietHours !== null}
            onChange={(event) => change({ ...policies, quietHours: event.currentTarget.checked ? usualNight : null })}
          />
          <span>{t('onCall.policy.quietOn')}</span>
        </label>
        {quietHours && (
          <div className="row">
            {(['from', 'to'] as const).map((end) => (
              <TextInput
                key={end}
                type="time"
                label={t(`onCall.rota.${end}`)}
                value={quietHours[end]}
                error={quietHours[end] === '' && faultAt('/quietHours')}
                onChange={(event) =>
                  change(
                    { ...policies, quietHours: { ...quietHours, [end]: event.currentTarget.value } },
                    `quiet ${end}`,
                  )
                }
              />
            ))}
          </div>
        )}
      </section>
      {Policies.safeParse(policies).success && <RehearsalCard team={view.team} draft={policies} />}
      <SaveBar
        draft={draft}
        words={t('onCall.policy.save')}
        busy={save.isPending}
        save={() => void submit(seen)}
        mend={tried && faults.size > 0}
        refused={refused}
        faultWords={faultWords}
        theirs={close}
        mine={() => {
          setSeen(view.version);
          void submit(view.version);
        }}
        cancel={close}
      />
    </div>
  );
}
