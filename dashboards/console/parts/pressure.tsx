import { artefactMarks, type Mark } from '#domain/reading.ts';
import type { LatestValue } from '#domain/views.ts';
import { type VitalName, vitals } from '#domain/vitals.ts';
import { useLanguage } from '../locales/language.ts';

export const shown = (vital: VitalName, value: number): string => value.toFixed(vitals[vital].decimals);

export const isArtefact = (marks: readonly Mark[]): boolean => marks.some((mark) => artefactMarks.includes(mark));

/** The newest blood pressure among a patient's latest values; systolic and diastolic of one measurement only. */
export function pressureOf(latest: LatestValue[]): { systolic: LatestValue; diastolic: LatestValue } | undefined {
  const systolic = latest.find((value) => value.vital === 'systolic');
  const diastolic = latest.find((value) => value.vital === 'diastolic' && value.reading === systolic?.reading);
  return systolic && diastolic && { systolic, diastolic };
}

/** `192/121 mmHg`. A value that may be an artefact is dotted, and says so. */
export function Pressure(props: {
  systolic: number;
  diastolic: number;
  marks: readonly Mark[];
  size?: 'large' | 'small-value';
}) {
  const { t } = useLanguage();
  const doubtful = isArtefact(props.marks);
  return (
    <span className={['pressure', props.size ?? '', doubtful ? 'artefact' : ''].join(' ')}>
      <b>
        {shown('systolic', props.systolic)}/{shown('diastolic', props.diastolic)}
      </b>
      <span className="unit">{vitals.systolic.unit}</span>
      {doubtful && <span className="unit">({t('artefact')})</span>}
    </span>
  );
}
