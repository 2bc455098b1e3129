import { Link } from 'wouter';
import { z } from 'zod';
import { CarePlan } from '#domain/care-plan.ts';
import type { RuleEntry } from '#domain/rule-book.ts';
import type { PlanChangeView } from '#domain/views-plans.ts';
import { type Scope, useChanges } from '../api/plans.ts';
import { useSession } from '../api/queries.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Answer } from '../parts/states.tsx';
import { clock } from '../time/clock.ts';
import { usePlanWords } from './words.ts';

/** Who changed what, when, and what stood before. */
export function Journal({ scope, rules }: { scope: Scope; rules: readonly RuleEntry[] }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const changes = useChanges(scope);
  const planner = useSession().data?.clinician.role !== 'nurse';
  return (
    <section className="card">
      <h2>{t('plan.journal.title')}</h2>
      <Answer of={changes}>
        {(answer) =>
          answer.changes.length === 0 ? (
            <p className="muted">{t('plan.journal.none')}</p>
          ) : (
            <ul className="items">
              {answer.changes.map((change, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: two changes may be of the same moment
                <li className="item" key={i}>
                  <div>
                    <p className="title">{t(`plan.journal.part.${change.part}`)}</p>
                    <What change={change} rules={rules} />
                    <p className="small muted">
                      {change.by ? say(change.by.name) : t('plan.journal.somebody')} ·{' '}
                      {times.moment(change.at, clock.now())}
                      {change.forecast && planner && (
                        <>
                          {' · '}
                          <Link href={`/rules/backtests/${change.forecast}`}>{t('plan.journal.forecast')}</Link>
                        </>
                      )}
                    </p>
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
    </section>
  );
}

const Limits = z.record(z.string(), z.number()).nullable();

function What({ change, rules }: { change: PlanChangeView; rules: readonly RuleEntry[] }) {
  const { t, say } = useLanguage();
  const words = usePlanWords();
  const none = t('plan.journal.nothing');
  const listed = (all: readonly string[]) => (all.length === 0 ? none : words.listed(all));
  const told = (value: unknown): string => {
    switch (change.part) {
      case 'programmes': {
        const parsed = CarePlan.shape.programmes.safeParse(value);
        return parsed.success ? listed(parsed.data.map((one) => t(`plan.programme.${one}`))) : none;
      }
      case 'expected': {
        const parsed = CarePlan.shape.expected.safeParse(value);
        return parsed.success ? listed(parsed.data.map(words.expectation)) : none;
      }
      case 'follow-up': {
        const parsed = CarePlan.shape.followUp.safeParse(value);
        return parsed.success ? listed(parsed.data.map(({ title }) => say(title))) : none;
      }
      case 'pause': {
        const parsed = CarePlan.shape.pause.safeParse(value);
        return parsed.success && parsed.data ? words.pause(parsed.data) : t('plan.pause.none');
      }
      default:
        return none;
    }
  };
  if (change.part !== 'overrides')
    return (
      <p className="small">
        <span className="muted">{told(change.before)}</span> → {told(change.after)}
      </p>
    );
  const entry = rules.find(({ rule }) => rule === change.rule);
  const [before, after] = [Limits.catch(null).parse(change.before) ?? {}, Limits.catch(null).parse(change.after) ?? {}];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => before[name] !== after[name],
  );
  const value = (set: Record<string, number>, name: string): string => {
    const parameter = entry?.parameters.find((one) => one.name === name);
    const number = set[name];
    if (number === undefined) return t('plan.journal.usual');
    return parameter ? words.quantity(number, parameter) : String(number);
  };
  return (
    <>
      <p className="small">{entry ? say(entry.title) : change.rule}</p>
      <ul className="small">
        {names.map((name) => {
          const parameter = entry?.parameters.find((one) => one.name === name);
          return (
            <li key={name}>
              {parameter ? say(parameter.label) : name}: <span className="muted">{value(before, name)}</span> →{' '}
              <b>{value(after, name)}</b>
            </li>
          );
        })}
      </ul>
    </>
  );
}
