import { Button } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconPhoneOff } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Policies } from '#domain/escalation.ts';
import type { ClinicianId } from '#domain/ids.ts';
import type { RotaPerson } from '#domain/rota-views.ts';
import { useSession } from '../api/queries.ts';
import { useLanguage } from '../locales/language.ts';
import { consequences, type OpenTime, openTimes } from './open-times.ts';
import { useNames, useWhen } from './words.ts';

/** Times in which nobody is on call, with what happens then, and people whom nothing reaches. */

const shownAtFirst = 4;

/** @param gaps ms since 1970. */
export function Gaps(props: {
  gaps: readonly { place: number; from: number; to: number }[];
  policies: Policies;
  people: readonly RotaPerson[];
  cover?: (open: OpenTime) => void;
}) {
  const { t } = useLanguage();
  const [all, setAll] = useState(false);
  const { gaps, policies, people, cover } = props;
  const open = openTimes(gaps);
  if (open.length === 0)
    return (
      <p className="well-words">
        <IconCircleCheck size={18} aria-hidden />
        {t('onCall.gaps.none')}
      </p>
    );
  return (
    <section className="warning" aria-label={t('onCall.gaps.title', { count: open.length })}>
      <h2>
        <IconAlertTriangle size={20} aria-hidden />
        {t('onCall.gaps.title', { count: open.length })}
      </h2>
      <ul className="items">
        {open.slice(0, all ? undefined : shownAtFirst).map((one) => (
          <Gap key={one.from} open={one} policies={policies} people={people} cover={cover} />
        ))}
      </ul>
      {!all && open.length > shownAtFirst && (
        <Button variant="default" onClick={() => setAll(true)}>
          {t('onCall.gaps.showAll', { count: open.length })}
        </Button>
      )}
    </section>
  );
}

function Gap(props: {
  open: OpenTime;
  policies: Policies;
  people: readonly RotaPerson[];
  cover: ((open: OpenTime) => void) | undefined;
}) {
  const { t } = useLanguage();
  const names = useNames();
  const when = useWhen();
  const { open, policies, people, cover } = props;
  const found = consequences(open.places, policies, people);
  const severities = (what: 'everybody' | 'others') =>
    (['critical', 'urgent', 'routine'] as const)
      .filter((one) => found[one] === what)
      .map((one, i) => (i === 0 ? t(`severity.${one}`) : t(`severity.${one}`).toLowerCase()));
  return (
    <li className="item">
      <div>
        <p className="title numbers">{when.span(open.from, open.to)}</p>
        <p>{t('onCall.gaps.who', { places: names.listed(open.places.map(names.shortPlace)) })}</p>
        {(['everybody', 'others'] as const).map((what) => {
          const some = severities(what);
          return some.length > 0 && <p key={what}>{t(`onCall.gaps.${what}`, { severities: names.listed(some) })}</p>;
        })}
      </div>
      {cover && (
        <div className="act">
          <Button
            variant="default"
            aria-label={`${t('onCall.gaps.cover')}: ${when.span(open.from, open.to)}`}
            onClick={() => cover(open)}
          >
            {t('onCall.gaps.cover')}
          </Button>
        </div>
      )}
    </li>
  );
}

/** On the rota, and called by nothing: whom no channel reaches, and who does not serve in this team any more. */
export function Unreachable({ ids, people }: { ids: readonly ClinicianId[]; people: readonly RotaPerson[] }) {
  const { t } = useLanguage();
  const names = useNames();
  const me = useSession().data?.clinician;
  const serving = (id: ClinicianId) => people.find((person) => person.id === id)?.mayServe === true;
  const groups = [
    { what: 'unreachable', some: ids.filter(serving) },
    { what: 'gone', some: ids.filter((id) => !serving(id)) },
  ] as const;
  return groups.map(
    ({ what, some }) =>
      some.length > 0 && (
        <section key={what} className="warning" aria-label={t(`onCall.${what}.title`)}>
          <h2>
            <IconPhoneOff size={20} aria-hidden />
            {t(`onCall.${what}.title`)}: {names.listed(some.map((id) => names.who(id, people)))}
          </h2>
          <p>{t(`onCall.${what}.more`)}</p>
          {me && what === 'unreachable' && some.includes(me.id) && (
            <p>
              <Link href="/contact">{t('onCall.unreachable.yours')}</Link>
            </p>
          )}
        </section>
      ),
  );
}
