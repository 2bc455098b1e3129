import { useTimes } from '../locales/language.ts';
import { useNow } from '../time/clock.ts';

/** "3 min ago", kept true; the exact time on hover. */
export function Ago({ at }: { at: string }) {
  const now = useNow();
  const times = useTimes();
  return (
    <time dateTime={at} title={times.moment(at, now)}>
      {times.ago(at, now)}
    </time>
  );
}

/** The time of day, with the date where it is not today. */
export function Moment({ at }: { at: string }) {
  const now = useNow(60_000);
  const times = useTimes();
  return (
    <time dateTime={at} title={times.ago(at, now)}>
      {times.shortMoment(at, now)}
    </time>
  );
}
