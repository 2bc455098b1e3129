import { IconCircleCheckFilled, IconCircleDashed, IconClockExclamation, IconHourglass } from '@tabler/icons-react';
import { type AlertClock, acknowledgeWithinMs } from '#domain/alert-clock.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { useNow } from '../time/clock.ts';

/** The way of a call from the measurement to the person who answered, drawn against the five minutes that it may take. */

const steps = ['measured', 'heard', 'stored', 'opened', 'paged', 'seen', 'acknowledged'] as const;

export function Clock({ clock, over }: { clock: AlertClock; over: boolean }) {
  const { t } = useLanguage();
  const times = useTimes();
  const waits = !clock.acknowledged && !over;
  const now = useNow(waits && clock.budget ? 1_000 : 60_000);
  const measured = Date.parse(clock.measured);
  // they need not follow the order of the list: somebody may see an alert before its first page went out
  const reached = steps
    .flatMap((step) => (clock[step] ? [{ step, at: Date.parse(clock[step]) }] : []))
    .toSorted((a, b) => a.at - b.at);
  // of an old alert it is not known when its reading was stored, which is no "not yet"
  const missing = steps.filter((step) => !clock[step] && step !== 'stored');
  const end = Math.max(...reached.map(({ at }) => at), waits && clock.budget ? now : measured);
  const scale = Math.max(clock.budget ? acknowledgeWithinMs : 0, end - measured, 1) * (clock.budget ? 1.04 : 1);
  const share = (ms: number) => `${Math.min(100, Math.max(0, (ms / scale) * 100))}%`;
  return (
    <div className="stack-small">
      <Verdict clock={clock} now={now} over={over} />
      <ol className="clock">
        {reached.map(({ step, at }, i) => {
          const before = reached[i - 1]?.at ?? at;
          const late = clock.budget !== null && at - measured > acknowledgeWithinMs;
          return (
            <li key={step} data-done="true">
              <span className="mark" data-late={late}>
                <IconCircleCheckFilled size={20} aria-hidden />
              </span>
              <span className="what">{t(`alert.steps.${step}`)}</span>
              <span className="when">
                {times.withSeconds(at)}
                {i > 0 && <span className="muted"> {t('alert.after', { duration: times.duration(at - before) })}</span>}
              </span>
              <Track
                from={share(before - measured)}
                length={share(at - before)}
                end={clock.budget && share(acknowledgeWithinMs)}
                tone={late ? 'late' : 'done'}
              />
            </li>
          );
        })}
        {missing.map((step) => (
          <li key={step} data-done="false">
            <span className="mark">
              <IconCircleDashed size={20} aria-hidden />
            </span>
            <span className="what">{t(`alert.steps.${step}`)}</span>
            <span className="when muted">{t('alert.notYet')}</span>
            <Track
              from={share((reached.at(-1)?.at ?? measured) - measured)}
              length={
                step === 'acknowledged' && waits && clock.budget ? share(now - (reached.at(-1)?.at ?? measured)) : '0%'
              }
              end={clock.budget && share(acknowledgeWithinMs)}
              tone="waits"
            />
          </li>
        ))}
      </ol>
      {clock.budget && (
        <p className="small muted legend">
          <span>
            <i className="budget-line" aria-hidden />{' '}
            {t('alert.budget.line', { time: times.withSeconds(clock.budget.endsAt) })}
          </span>
        </p>
      )}
    </div>
  );
}

function Track(props: { from: string; length: string; end: string | null; tone: 'done' | 'late' | 'waits' }) {
  return (
    <span className="track" aria-hidden>
      <i className="span" data-tone={props.tone} style={{ left: props.from, width: props.length }} />
      {props.end && <i className="end" style={{ left: props.end }} />}
    </span>
  );
}

function Verdict({ clock, now, over }: { clock: AlertClock; now: number; over: boolean }) {
  const { t } = useLanguage();
  const times = useTimes();
  const measured = Date.parse(clock.measured);
  const answered = clock.acknowledged && times.duration(Date.parse(clock.acknowledged) - measured);
  if (!clock.budget) return <p>{answered ? t('alert.total', { duration: answered }) : t('alert.budget.none')}</p>;
  const left = Date.parse(clock.budget.endsAt) - now;
  const [tone, words, Icon] = answered
    ? clock.budget.kept
      ? (['well', t('alert.budget.kept', { duration: answered }), IconCircleCheckFilled] as const)
      : (['urgent', t('alert.budget.missed', { duration: answered }), IconClockExclamation] as const)
    : over
      ? (['quiet', t('alert.budget.over'), IconCircleDashed] as const)
      : left > 0
        ? ([
            'routine',
            t('alert.budget.left', { duration: times.duration(Math.max(10_000, left)) }),
            IconHourglass,
          ] as const)
        : ([
            'critical',
            t('alert.budget.exceeded', { duration: times.duration(Math.max(10_000, -left)) }),
            IconClockExclamation,
          ] as const);
  return (
    <p className="chip clock-verdict" data-severity={tone}>
      <Icon size={18} aria-hidden />
      <span>{words}</span>
    </p>
  );
}
