import { IconBellRinging, IconRepeat } from '@tabler/icons-react';
import type { Policy, PolicyStep, Target } from '#domain/escalation.ts';
import type { Duty } from '#domain/rota.ts';
import type { RotaPerson } from '#domain/rota-views.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { useNames } from './words.ts';

/** How a policy is told: as a sentence, and as a chain of who comes after whom. */

export function usePolicyWords(people: readonly RotaPerson[]) {
  const { t } = useLanguage();
  const names = useNames();
  const { duration } = useTimes();
  const target = (one: Target): string => {
    if (one.kind === 'on-call') return names.place(one.place);
    return one.kind === 'role' ? t(`onCall.policy.role.${one.role}`) : names.who(one.clinician, people);
  };
  const inSentence = (one: Target): string =>
    one.kind === 'on-call' ? t('onCall.policy.thePlace', { place: target(one) }) : target(one);
  const ways = ({ channels }: PolicyStep) =>
    channels ? t('onCall.policy.by', { ways: names.listed(channels.map(names.channel)) }) : '';
  const afterwards = (ms: number) => duration(Math.max(10_000, ms));
  const sentence = ({ steps }: Policy): string => {
    const begin = steps[0]?.afterSeconds ?? 0;
    const calls = steps.map((step) => {
      const said = { who: names.listed(step.targets.map(inSentence)), how: ways(step) };
      const afterMs = (step.afterSeconds - begin) * 1000;
      return afterMs === 0
        ? t('onCall.policy.atOnce', said)
        : t('onCall.policy.after', { ...said, time: afterwards(afterMs) });
    });
    return t('onCall.policy.sentence', { calls: calls.join(t('onCall.policy.next')) });
  };
  const onwards = ({ rounds, repeatAfterSeconds }: Policy): string =>
    rounds > 1
      ? t('onCall.policy.repeat', { time: afterwards(repeatAfterSeconds * 1000), rounds })
      : t('onCall.policy.once');
  return {
    target,
    ways,
    afterwards,
    /** `Calls the 1st on call at once, then the 2nd on call after 5 min. If nobody answers, …` */
    told: (policy: Policy): string => t('onCall.policy.told', { calls: sentence(policy), onwards: onwards(policy) }),
  };
}

/** Who is called after whom, with who that is at this moment. */
export function Chain({
  policy,
  people,
  now,
}: {
  policy: Policy;
  people: readonly RotaPerson[];
  now: readonly Duty[];
}) {
  const { t } = useLanguage();
  const names = useNames();
  const words = usePolicyWords(people);
  const begin = policy.steps[0]?.afterSeconds ?? 0;
  const holder = (place: number): string => {
    const duty = now.find((one) => one.place === place);
    return duty ? t('onCall.policy.nowIs', { who: names.who(duty.clinician, people) }) : t('onCall.policy.nowNobody');
  };
  return (
    <ol className="chain">
      {policy.steps.map((step, i) => {
        const afterMs = (step.afterSeconds - begin) * 1000;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is its number
          <li key={i}>
            <p className="chain-when">
              <IconBellRinging size={16} aria-hidden />
              {afterMs === 0
                ? t('onCall.policy.startsAtOnce')
                : t('onCall.policy.startsAfter', { time: words.afterwards(afterMs) })}
            </p>
            <ul>
              {step.targets.map((target) => (
                <li key={JSON.stringify(target)}>
                  <b>{words.target(target)}</b>
                  {target.kind === 'on-call' && (
                    <span
                      className={now.some(({ place }) => place === target.place) ? 'muted small' : 'gap-words small'}
                    >
                      {holder(target.place)}
                    </span>
                  )}
                </li>
              ))}
            </ul>
            <p className="muted small">
              {step.channels ? names.listed(step.channels.map(names.channel)) : t('onCall.policy.everyChannel')}
            </p>
          </li>
        );
      })}
      {policy.rounds > 1 && (
        <li className="chain-again">
          <p className="chain-when">
            <IconRepeat size={16} aria-hidden />
            {t('onCall.policy.again', { time: words.afterwards(policy.repeatAfterSeconds * 1000) })}
          </p>
          <p className="muted small">{t('onCall.policy.rounds', { rounds: policy.rounds })}</p>
        </li>
      )}
    </ol>
  );
}
