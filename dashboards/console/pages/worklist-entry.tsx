import { IconClockExclamation, IconClockHour4, IconPointFilled, IconUserCheck, IconWifiOff } from '@tabler/icons-react';
import { Link } from 'wouter';
import type { LatestValue, Reason, WorklistEntry } from '#domain/views.ts';
import { useMayAct } from '../api/queries.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { QuickAcknowledge } from '../parts/acknowledge.tsx';
import { Ago } from '../parts/ago.tsx';
import { PausedChip } from '../parts/paused.tsx';
import { PersonLine } from '../parts/person.tsx';
import { Pressure, pressureOf } from '../parts/pressure.tsx';
import { besidePressure, Quantity } from '../parts/quantity.tsx';
import { SeverityIcon } from '../parts/severity.tsx';
import { useNow } from '../time/clock.ts';
import { alertToAcknowledge, type Group } from './triage.ts';

/** One patient of the worklist: who, why, what was last measured, and what can be done at once. */
export function Entry({ entry, group }: { entry: WorklistEntry; group: Group }) {
  const { say } = useLanguage();
  const { patient } = entry;
  const mayAct = useMayAct();
  const open = mayAct ? alertToAcknowledge(entry) : undefined;
  const severity = { now: 'critical', today: 'urgent', review: 'routine', 'in-hand': 'none', steady: 'none' }[group];
  return (
    <li className={group === 'steady' ? 'entry steady' : 'entry'} data-severity={severity} data-patient={patient.id}>
      <div className="who">
        <h3>
          <Link className="name" href={`/patients/${patient.id}`}>
            {say(patient.name)}
          </Link>
        </h3>
        <PersonLine patient={patient} />
        {entry.pause && (
          <p>
            <PausedChip pause={entry.pause} />
          </p>
        )}
      </div>
      <div className="why">
        <Reasons reasons={entry.reasons} />
      </div>
      <LastMeasured entry={entry} steady={group === 'steady'} />
      <div className="act">
        {open && (
          <QuickAcknowledge
            alert={open.alert}
            severity={open.severity}
            title={say(open.title)}
            name={say(patient.name)}
          />
        )}
      </div>
    </li>
  );
}

function LastMeasured({ entry, steady }: { entry: WorklistEntry; steady: boolean }) {
  const { t } = useLanguage();
  const pressure = pressureOf(entry.latest);
  const others = besidePressure(entry.latest);
  if (!pressure && others.length === 0)
    return <div className="reading muted">{entry.lastTakenAt === null && t('worklist.neverMeasured')}</div>;
  return (
    <div className="reading">
      {pressure && (
        <Pressure
          systolic={pressure.systolic}
          diastolic={pressure.diastolic}
          marks={pressure.systolic.marks}
          size={steady ? 'small-value' : undefined}
        />
      )}
      {pressure && (
        <div className="small muted">
          <Ago at={pressure.systolic.takenAt} />
        </div>
      )}
      {others.map((value) => (
        <Other key={value.vital} value={value} leads={!pressure} />
      ))}
    </div>
  );
}

/** `leads`: who has no cuff is judged by this, so it is as easy to see as a pressure. */
function Other({ value, leads }: { value: LatestValue; leads: boolean }) {
  return (
    <div className={leads ? 'measured leads' : 'measured'}>
      <Quantity value={value} />
      <span className="muted">
        <Ago at={value.takenAt} />
      </span>
    </div>
  );
}

function Reasons({ reasons }: { reasons: Reason[] }) {
  if (reasons.length === 0) return null;
  return (
    <ul className="reasons">
      {reasons.map((reason) => (
        <li key={`${reason.kind} ${reason.alert ?? reason.task ?? ''}`}>
          <ReasonChip reason={reason} />
        </li>
      ))}
    </ul>
  );
}

function ReasonChip({ reason }: { reason: Reason }) {
  const { t, say } = useLanguage();
  const inside = (
    <>
      <ReasonIcon reason={reason} />
      <b>{t(`severity.${reason.severity}`)}</b>
      <span className="words">{say(reason.title)}</span>
      <span className="small since">
        {reason.acknowledged && ` · ${t('worklist.acknowledged')}`}
        <Since reason={reason} />
      </span>
    </>
  );
  const severity = reason.acknowledged ? 'quiet' : reason.severity;
  if (reason.alert)
    return (
      <Link className="chip" data-severity={severity} href={`/alerts/${reason.alert}`}>
        {inside}
      </Link>
    );
  return (
    <span className="chip" data-severity={severity}>
      {inside}
    </span>
  );
}

/** When it began or falls due; who is silent or was never measured says so in the title already. */
function Since({ reason }: { reason: Reason }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow();
  const ago = times.ago(reason.since, now);
  if (reason.kind === 'alert') return ` · ${ago}`;
  if (reason.kind === 'task-due') return ` · ${t('worklist.due', { ago })}`;
  if (reason.kind === 'task-overdue') return ` · ${t('tasks.overdueSince', { ago })}`;
  return null;
}

function ReasonIcon({ reason }: { reason: Reason }) {
  switch (reason.kind) {
    case 'alert':
      return reason.acknowledged ? (
        <IconUserCheck size={16} aria-hidden />
      ) : (
        <SeverityIcon severity={reason.severity} />
      );
    case 'task-overdue':
      return <IconClockExclamation size={16} aria-hidden />;
    case 'task-due':
      return <IconClockHour4 size={16} aria-hidden />;
    case 'silent':
      return <IconWifiOff size={16} aria-hidden />;
    case 'never-measured':
      return <IconPointFilled size={16} aria-hidden />;
  }
}
