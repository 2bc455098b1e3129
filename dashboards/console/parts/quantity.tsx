import type { LatestValue } from '#domain/views.ts';
import { panelNames, panels, type VitalName } from '#domain/vitals.ts';
import { useLanguage } from '../locales/language.ts';
import { isArtefact } from './pressure.tsx';
import { useUnits } from './units.tsx';

/** What other devices than a cuff measure, in the catalogue's order: what stands at the head of each panel. */
const heads: readonly VitalName[] = panelNames
  .filter((panel) => panel !== 'blood-pressure')
  .flatMap((panel) => panels[panel].required);

/** What a patient's own devices last said beside the blood pressure. */
export const besidePressure = (latest: readonly LatestValue[]): LatestValue[] =>
  heads.flatMap((vital) => latest.find((value) => value.vital === vital) ?? []);

type Shown = Pick<LatestValue, 'vital' | 'value' | 'decimals' | 'marks'>;

/** `Weight 74.5 kg`. A value that may be an artefact is dotted, and says so. */
export function Quantity({ value: { vital, value, decimals, marks } }: { value: Shown }) {
  const { t } = useLanguage();
  const { shown, unitOf } = useUnits();
  const doubtful = isArtefact(marks);
  return (
    <span className="quantity">
      <span className="muted">{t(`vitalShort.${vital}`)}</span>{' '}
      <span className={doubtful ? 'artefact' : undefined}>
        <b>{shown(vital, value, decimals, marks)}</b>
        <span className="unit">{unitOf(vital)}</span>
        {doubtful && <span className="unit">({t('artefact')})</span>}
      </span>
    </span>
  );
}
