import type { PatientSummary } from '#domain/views.ts';
import { useLanguage } from '../locales/language.ts';

/** `74 y, female · Hypertension, type 2 diabetes` */
export function PersonLine({ patient, conditions = true }: { patient: PatientSummary; conditions?: boolean }) {
  const { t, say, language } = useLanguage();
  const person = [t('common.age', { age: patient.age }), t(`common.sex.${patient.sex}`)].join(
    language === 'zh' ? '，' : ', ',
  );
  const named = patient.conditions.map(say).join(language === 'zh' ? '、' : ', ');
  return (
    <span className="muted">
      {person}
      {conditions && named !== '' && ` · ${named}`}
    </span>
  );
}
