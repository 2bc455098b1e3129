import { useState } from 'react';
import { type Programme, programmes } from '#domain/care-plan.ts';
import type { PatientView } from '#domain/views.ts';
import { useSession } from '../api/queries.ts';
import { useLanguage } from '../locales/language.ts';
import { Dialog } from '../parts/dialog.tsx';
import { usePutting } from './putting.ts';
import { Section } from './section.tsx';
import { usePlanWords } from './words.ts';

/** What the patient is looked after for: it decides which rules judge. */
export function ProgrammesPart({ view }: { view: PatientView }) {
  const { t } = useLanguage();
  const doctor = useSession().data?.clinician.role === 'doctor';
  return (
    <Section
      title={t('plan.programmes.title')}
      lead={t('plan.programmes.lead')}
      change={doctor ? t('plan.change') : undefined}
      dialog={(close) => <Ask view={view} close={close} />}
    >
      {view.carePlan.programmes.length === 0 ? (
        <p className="muted">{t('plan.programmes.none')}</p>
      ) : (
        <ul className="row">
          {view.carePlan.programmes.map((one) => (
            <li key={one} className="chip" data-severity="routine">
              {t(`plan.programme.${one}`)}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Ask({ view, close }: { view: PatientView; close: () => void }) {
  const { t } = useLanguage();
  const words = usePlanWords();
  const { put } = usePutting(view);
  const [chosen, setChosen] = useState<readonly Programme[]>(view.carePlan.programmes);
  return (
    <Dialog
      title={t('plan.programmes.title')}
      close={close}
      submitWords={t('plan.save')}
      faultWords={words.fault}
      submit={() => put({ part: 'programmes', programmes: [...chosen] }, t('plan.saved'))}
    >
      <fieldset className="checklist">
        <legend className="visually-hidden">{t('plan.programmes.title')}</legend>
        {programmes.map((one) => (
          <label key={one}>
            <input
              type="checkbox"
              checked={chosen.includes(one)}
              onChange={(event) =>
                setChosen(event.currentTarget.checked ? [...chosen, one] : chosen.filter((other) => other !== one))
              }
            />
            <span>{t(`plan.programme.${one}`)}</span>
          </label>
        ))}
      </fieldset>
    </Dialog>
  );
}
