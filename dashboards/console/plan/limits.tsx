import { IconAdjustments, IconPencil } from '@tabler/icons-react';
import { Link } from 'wouter';
import type { RuleEntry } from '#domain/rule-book.ts';
import { useLanguage } from '../locales/language.ts';
import { SeverityChip } from '../parts/severity.tsx';
import { byCondition, different } from './groups.ts';
import { usePlanWords } from './words.ts';

export type RuleInForce = RuleEntry & { inForce: Record<string, number> };

/** Rules by condition. What differs from the book stands out; all the rest is there for who looks for it. */
export function Limits(props: {
  rules: readonly RuleInForce[];
  /** What was set here, and not further out. */
  set: Record<string, Record<string, number>>;
  /** Where a rule is changed, for who may. */
  link?: ((rule: string) => string) | undefined;
  /** How what was set here is called. */
  setHere: string;
  setElsewhere: string;
}) {
  const { t, say } = useLanguage();
  const { rules, link } = props;
  return (
    <div className="stack-small">
      {byCondition(rules).map(({ condition, rules: group }) => {
        const changed = group.filter((entry) => different(entry).length > 0);
        const usual = group.filter((entry) => different(entry).length === 0);
        return (
          <section key={condition} className="condition">
            <h3>{t(`plan.condition.${condition}`)}</h3>
            {changed.map((entry) => (
              <Changed key={entry.rule} {...props} entry={entry} />
            ))}
            {usual.length > 0 && (
              <details>
                <summary>
                  {t(changed.length > 0 ? 'plan.limits.othersUsual' : 'plan.limits.allUsual', { count: usual.length })}
                </summary>
                <ul className="items rules">
                  {usual.map((entry) => (
                    <li key={entry.rule} className="item">
                      <div>
                        <Title entry={entry} />
                        <p className="small muted">
                          <Parameters entry={entry} only={entry.parameters.filter(({ limits }) => limits)} />
                        </p>
                      </div>
                      {link && <Change to={link(entry.rule)} title={say(entry.title)} />}
                    </li>
                  ))}
                </ul>
              </details>
            )}
          </section>
        );
      })}
    </div>
  );
}

function Title({ entry }: { entry: RuleInForce }) {
  const { say } = useLanguage();
  return (
    <p className="row">
      <span className="title">{say(entry.title)}</span>
      <SeverityChip severity={entry.severity} />
    </p>
  );
}

function Parameters({ entry, only }: { entry: RuleInForce; only: RuleEntry['parameters'] }) {
  const { say } = useLanguage();
  const words = usePlanWords();
  return words.listed(
    only.map((one) => `${say(one.label)} ${words.quantity(entry.inForce[one.name] ?? one.default, one)}`),
  );
}

function Changed(props: Parameters<typeof Limits>[0] & { entry: RuleInForce }) {
  const { t, say } = useLanguage();
  const words = usePlanWords();
  const { entry, set, link, setHere, setElsewhere } = props;
  return (
    <div className="changed-rule">
      <div>
        <Title entry={entry} />
        <ul>
          {different(entry).map((one) => (
            <li key={one.name} className="row">
              <IconAdjustments size={18} aria-hidden />
              <span>
                {say(one.label)}{' '}
                <b className="numbers">{words.quantity(entry.inForce[one.name] ?? one.default, one)}</b>{' '}
                <span className="muted">
                  {t('plan.limits.insteadOf', { usual: words.quantity(one.default, one) })} ·{' '}
                  {set[entry.rule]?.[one.name] === undefined ? setElsewhere : setHere}
                </span>
              </span>
            </li>
          ))}
        </ul>
      </div>
      {link && <Change to={link(entry.rule)} title={say(entry.title)} />}
    </div>
  );
}

function Change({ to, title }: { to: string; title: string }) {
  const { t } = useLanguage();
  return (
    <Link className="row change-link" href={to} aria-label={`${t('plan.change')}: ${title}`}>
      <IconPencil size={18} aria-hidden />
      {t('plan.change')}
    </Link>
  );
}
