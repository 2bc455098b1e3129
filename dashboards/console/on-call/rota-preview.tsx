import { useMemo } from 'react';
import { type Policies, placesCalled } from '#domain/escalation.ts';
import type { ClinicianId } from '#domain/ids.ts';
import { gapsBetween, onCallBetween, Rota } from '#domain/rota.ts';
import type { RotaView } from '#domain/rota-views.ts';
import { useLanguage } from '../locales/language.ts';
import { useZone } from '../parts/zone.ts';
import { useNow } from '../time/clock.ts';
import { Calendar } from './calendar.tsx';
import { Gaps } from './warnings.tsx';
import { weeksFrom } from './weeks.ts';

const weeksShown = 4;
const outlookMs = 14 * 86_400_000;

/** What a rota that is being changed would come to: reckoned by the functions that the platform reckons with. */
export function RotaPreview({ rota, view, policies }: { rota: Rota; view: RotaView; policies: Policies }) {
  const { t } = useLanguage();
  const zone = useZone();
  const now = useNow(60_000);
  const weeks = useMemo(() => weeksFrom(now, weeksShown, zone), [now, zone]);
  const called = placesCalled(policies);
  const reckoned = useMemo(() => {
    // a field that is half filled in says nothing
    if (!Rota.safeParse(rota).success) return undefined;
    const plan = { ...rota, timeZone: zone, overrides: view.overrides };
    const serving = new Set<ClinicianId>(view.people.flatMap(({ id, mayServe }) => (mayServe ? [id] : [])));
    const mayServe = (who: ClinicianId) => serving.has(who);
    const to = weeks.at(-1)?.to ?? now + outlookMs;
    return {
      watches: onCallBetween(plan, weeks[0]?.from ?? now, to, mayServe),
      gaps: gapsBetween(plan, placesCalled(policies), now, now + outlookMs, mayServe),
    };
  }, [rota, view, policies, weeks, now, zone]);
  if (!reckoned) return null;
  return (
    <section className="card stack" aria-label={t('onCall.calendar.preview')}>
      <div>
        <h2>{t('onCall.calendar.preview')}</h2>
        <p className="muted">{t('onCall.calendar.previewMore')}</p>
      </div>
      <Gaps gaps={reckoned.gaps} policies={policies} people={view.people} />
      <Calendar
        weeks={weeks}
        watches={reckoned.watches}
        called={called}
        people={view.people}
        holidays={rota.holidays}
        now={now}
      />
    </section>
  );
}
