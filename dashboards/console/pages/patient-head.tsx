import { IconWifiOff } from '@tabler/icons-react';
import { Link } from 'wouter';
import { isPaused } from '#domain/care-plan.ts';
import type { PatientView } from '#domain/views.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { Ago } from '../parts/ago.tsx';
import { PausedChip } from '../parts/paused.tsx';
import { PersonLine } from '../parts/person.tsx';
import { Pressure, pressureOf } from '../parts/pressure.tsx';
import { besidePressure, Quantity } from '../parts/quantity.tsx';
import { clock, useNow } from '../time/clock.ts';
import { AwayChips } from './patient-devices.tsx';

/** Who it is and how they are, and the way between the two pages about them. */
export function PatientHead({ view, page }: { view: PatientView; page: 'readings' | 'plan' }) {
  const { t } = useLanguage();
  const path = `/patients/${view.patient.id}`;
  const pages = { readings: path, plan: `${path}/plan` } as const;
  return (
    <div>
      <nav className="subnav" aria-label={t('patient.sections')}>
        {(['readings', 'plan'] as const).map((one) => (
          <Link key={one} href={pages[one]} aria-current={one === page ? 'page' : undefined}>
            {t(`patient.pages.${one}`)}
          </Link>
        ))}
      </nav>
      <Head view={view} />
    </div>
  );
}

function Head({ view }: { view: PatientView }) {
  const { t, say } = useLanguage();
  const pressure = pressureOf(view.latest);
  useNow(60_000);
  // by the very moment: one that has just begun holds already
  const paused = isPaused(view.carePlan, clock.now()) ? view.carePlan.pause : null;
  return (
    <section className="card patient-head">
      <div>
        <h1>{say(view.patient.name)}</h1>
        <PersonLine patient={view.patient} />
        <div className="row" style={{ marginTop: 8 }}>
          {view.silent && (
            <span className="chip" data-severity="urgent">
              <IconWifiOff size={16} aria-hidden />
              <b>{t('patient.silent')}</b>
              {view.lastTakenAt && (
                <span>
                  <LastReading at={view.lastTakenAt} />
                </span>
              )}
            </span>
          )}
          <PausedChip pause={paused} />
          <AwayChips devices={view.devices} />
        </div>
      </div>
      <div className="latest">
        {pressure && (
          <div>
            <Pressure
              systolic={pressure.systolic}
              diastolic={pressure.diastolic}
              marks={pressure.systolic.marks}
              size="large"
            />
            <div className="small muted">
              <Ago at={pressure.systolic.takenAt} />
            </div>
          </div>
        )}
        {besidePressure(view.latest).map((value) => (
          <div key={value.vital} className="pressure">
            <Quantity value={value} />
            <div className="small muted">
              <Ago at={value.takenAt} />
            </div>
          </div>
        ))}
        {view.lastTakenAt === null && <p className="muted">{t('worklist.neverMeasured')}</p>}
      </div>
    </section>
  );
}

function LastReading({ at }: { at: string }) {
  const { t } = useLanguage();
  const times = useTimes();
  const now = useNow();
  return t('patient.lastReading', { ago: times.ago(at, now) });
}
