import { Button } from '@mantine/core';
import { IconMoon, IconPencil } from '@tabler/icons-react';
import { useState } from 'react';
import type { Policies } from '#domain/escalation.ts';
import type { Duty } from '#domain/rota.ts';
import type { PoliciesView, RotaPerson } from '#domain/rota-views.ts';
import { useOnCall, usePolicies, useRota } from '../api/on-call.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { SeverityChip } from '../parts/severity.tsx';
import { Answer } from '../parts/states.tsx';
import { clock, useNow } from '../time/clock.ts';
import { EditPolicies } from './edit-policies.tsx';
import { Frame, type TeamChoice } from './frame.tsx';
import { Chain, usePolicyWords } from './policy-words.tsx';
import { RehearsalCard } from './rehearsal.tsx';

export const severities = ['critical', 'urgent', 'routine'] as const;
const hourMs = 3_600_000;

/** Whom alerts of each severity call, and a rehearsal of it. */
export function EscalationPage({ of, mayEdit }: { of: TeamChoice; mayEdit: boolean }) {
  const { t } = useLanguage();
  const [editing, setEditing] = useState(false);
  const policies = usePolicies(of.team.id);
  const rota = useRota(of.team.id);
  const hour = Math.floor(useNow(60_000) / hourMs) * hourMs;
  const onCall = useOnCall(of.team.id, hour, hour + 2 * hourMs);
  return (
    <Frame
      page="escalation"
      of={of}
      lead={t('onCall.policy.lead')}
      act={
        mayEdit &&
        !editing && (
          <Button
            variant="default"
            disabled={!policies.data || !rota.data}
            leftSection={<IconPencil size={18} aria-hidden />}
            onClick={() => setEditing(true)}
          >
            {t('onCall.policy.edit')}
          </Button>
        )
      }
    >
      <Answer of={policies}>
        {(view) => (
          <Answer of={rota}>
            {({ people }) =>
              editing ? (
                <EditPolicies view={view} people={people} close={() => setEditing(false)} />
              ) : (
                <div className="stack">
                  <Told view={view} people={people} now={onCall.data?.now ?? []} />
                  <RehearsalCard team={view.team} />
                </div>
              )
            }
          </Answer>
        )}
      </Answer>
    </Frame>
  );
}

function Told({ view, people, now }: { view: PoliciesView; people: readonly RotaPerson[]; now: readonly Duty[] }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const words = usePolicyWords(people);
  const { policies } = view;
  return (
    <>
      {severities.map((severity) => {
        const policy = policies[severity];
        return (
          <section key={severity} className="card stack-small policy" data-severity={severity}>
            <h2>
              <SeverityChip severity={severity} />
            </h2>
            {policy ? (
              <>
                <p>{words.told(policy)}</p>
                <Chain policy={policy} people={people} now={now} />
              </>
            ) : (
              <p>{t('onCall.policy.callsNobody')}</p>
            )}
          </section>
        );
      })}
      <section className="card stack-small" aria-label={t('onCall.policy.quiet')}>
        <h2>
          <IconMoon size={18} aria-hidden /> {t('onCall.policy.quiet')}
        </h2>
        <p>{t(quietKey(policies), policies.quietHours ?? { from: '', to: '' })}</p>
        {view.updatedBy && view.updatedAt && (
          <p className="muted small">
            {t('onCall.rota.by', { who: say(view.updatedBy.name), time: times.moment(view.updatedAt, clock.now()) })}
          </p>
        )}
      </section>
    </>
  );
}

function quietKey({ quietHours, routine }: Policies) {
  if (!quietHours) return 'onCall.policy.quietNone' as const;
  return routine ? ('onCall.policy.quietIs' as const) : ('onCall.policy.quietIdle' as const);
}
