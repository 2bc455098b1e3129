import { Button } from '@mantine/core';
import { IconArrowsExchange, IconChevronLeft, IconChevronRight, IconPencil } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { OnCallView, PoliciesView, RotaView } from '#domain/rota-views.ts';
import { useOnCall, usePolicies, useRota } from '../api/on-call.ts';
import { useLanguage } from '../locales/language.ts';
import { Answer } from '../parts/states.tsx';
import { useZone } from '../parts/zone.ts';
import { useNow } from '../time/clock.ts';
import { Calendar } from './calendar.tsx';
import { CoverDialog, type CoverWish } from './cover.tsx';
import { Covers } from './covers.tsx';
import { Frame, type TeamChoice } from './frame.tsx';
import { OnCallNow } from './now.tsx';
import { Gaps, Unreachable } from './warnings.tsx';
import { mondayOf, type Span, weeksFrom } from './weeks.ts';

const weeksShown = 4;
const weekMs = 7 * 86_400_000;
const hourMs = 3_600_000;
/** Three times four weeks ahead: further nobody plans. */
const pagesAtMost = 3;

/** Who is on call, now and in the weeks to come, and what is wrong with that. */
export function OnCallPage({ of, mayEdit }: { of: TeamChoice; mayEdit: boolean }) {
  const { t } = useLanguage();
  const zone = useZone();
  const now = useNow(60_000);
  const [ahead, setAhead] = useState(0);
  const begin = mondayOf(now, zone);
  // some hours into the week, so that changes of clocks move nobody into the one before
  const weeks = weeksFrom(begin + ahead * weeksShown * weekMs + 12 * hourMs, weeksShown, zone);
  const here = weeksFrom(begin, weeksShown, zone);
  const rota = useRota(of.team.id);
  const policies = usePolicies(of.team.id);
  const coming = useOnCall(of.team.id, begin, here.at(-1)?.to ?? begin + weekMs);
  const shown = useOnCall(of.team.id, weeks[0]?.from ?? begin, weeks.at(-1)?.to ?? begin + weekMs);
  const [wish, setWish] = useState<CoverWish>();
  const covering = () => {
    const from = Math.ceil(now / hourMs) * hourMs;
    setWish({ from, to: from + 12 * hourMs });
  };
  return (
    <Frame
      page="on-call"
      of={of}
      lead={t('onCall.everyClock', { zone })}
      act={
        <div className="row">
          <Button leftSection={<IconArrowsExchange size={18} aria-hidden />} onClick={covering}>
            {t('onCall.covers.add')}
          </Button>
          {mayEdit && (
            <Button
              component={Link}
              href={of.link('rota')}
              variant="default"
              leftSection={<IconPencil size={18} aria-hidden />}
            >
              {t('onCall.rota.edit')}
            </Button>
          )}
        </div>
      }
    >
      <Answer of={together(rota, policies, coming)}>
        {([rotaView, policiesView, now4]) => (
          <div className="stack">
            <OnCallNow rota={rotaView} duties={now4.now} watches={watchesOf(now4)} now={now} />
            <Unreachable ids={rotaView.unreachable} people={rotaView.people} />
            <Gaps
              gaps={rotaView.gaps.map((gap) => ({ ...gap, from: Date.parse(gap.from), to: Date.parse(gap.to) }))}
              policies={policiesView.policies}
              people={rotaView.people}
              cover={({ places: [place = 0], from, to }) => setWish({ instead: { kind: 'place', place }, from, to })}
            />
            <section className="card" aria-label={t('onCall.calendar.title')}>
              <div className="page-head">
                <h2>{t('onCall.calendar.title')}</h2>
                <div className="row">
                  {ahead > 0 && (
                    <Button
                      variant="default"
                      leftSection={<IconChevronLeft size={18} aria-hidden />}
                      onClick={() => setAhead(ahead - 1)}
                    >
                      {t('onCall.calendar.earlier')}
                    </Button>
                  )}
                  {ahead < pagesAtMost && (
                    <Button
                      variant="default"
                      rightSection={<IconChevronRight size={18} aria-hidden />}
                      onClick={() => setAhead(ahead + 1)}
                    >
                      {t('onCall.calendar.later')}
                    </Button>
                  )}
                </div>
              </div>
              <Answer of={shown}>
                {(view) => (
                  <Calendar
                    weeks={weeks}
                    watches={watchesOf(view)}
                    called={rotaView.places}
                    people={rotaView.people}
                    holidays={rotaView.rota.holidays}
                    now={now}
                    choose={(span) => setWish(wishFor(span))}
                  />
                )}
              </Answer>
            </section>
            <Covers rota={rotaView} />
            {wish && <CoverDialog rota={rotaView} wish={wish} close={() => setWish(undefined)} />}
          </div>
        )}
      </Answer>
    </Frame>
  );
}

const wishFor = ({ place, from, to, duty }: Span): CoverWish => ({
  instead: duty ? { kind: 'person', person: duty.clinician } : { kind: 'place', place },
  from,
  to,
});

const watchesOf = ({ watches }: OnCallView) =>
  watches.map(({ from, to, duties }) => ({ from: Date.parse(from), to: Date.parse(to), duties }));

type Asked<T> = { data: T | undefined; error: unknown; refetch: () => unknown };

/** All three, or the fault of whichever failed. */
function together(
  rota: Asked<RotaView>,
  policies: Asked<PoliciesView>,
  coming: Asked<OnCallView>,
): Asked<[RotaView, PoliciesView, OnCallView]> {
  const all = [rota, policies, coming];
  return {
    data: rota.data && policies.data && coming.data ? [rota.data, policies.data, coming.data] : undefined,
    error: all.find(({ error, data }) => error && !data)?.error,
    refetch: () => Promise.all(all.map((one) => one.refetch())),
  };
}
