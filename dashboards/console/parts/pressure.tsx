import { artefactMarks, type Mark, type Value } from '#domain/reading.ts';
import type { LatestValue } from '#domain/views.ts';
import { useLanguage } from '../locales/language.ts';
import { useUnits } from './units.tsx';

export const isArtefact = (marks: readonly Mark[]): boolean => marks.some((mark) => artefactMarks.includes(mark));

/** The newest blood pressure among a patient's latest values; systolic and diastolic of one measurement only. */
export function pressureOf(latest: LatestValue[]): { systolic: LatestValue; diastolic: LatestValue } | undefined {
  const systolic = latest.find((value) => value.vital === 'systolic');
  const diastolic = latest.find((value) => value.vital === 'diastolic' && value.reading === systolic?.reading);
  return systolic && diastolic && { systolic, diastolic };
}

type Shown = Pick<Value, 'value' | 'decimals'>;

/** `192/121 mmHg`. A value that may be an artefact is dotted, and says so. */
export function Pressure(props: {
  systolic: Shown;
  diastolic: Shown;
  marks: readonly Mark[];
  size?: 'large' | 'small-value';
}) {
  const { t } = useLanguage();
  const { shown, unitOf } = useUnits();
  const { systolic, diastolic } = props;
  const doubtful = isArtefact(props.marks);
  return (
    <span className={['pressure', props.size ?? '', doubtful ? 'artefact' : ''].join(' ')}>
      <b>
        {shown('systolic', systolic.value, systolic.decimals)}/{shown('diastolic', diastolic.value, diastolic.decimals)}
      </b>
      <span className="unit">{unitOf('systolic')}</span>
      {doubtful && <span className="unit">({t('artefact')})</span>}
    </span>
  );
}
