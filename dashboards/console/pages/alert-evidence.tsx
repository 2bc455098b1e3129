import type { Evidence } from '#domain/alert.ts';
import { useLanguage } from '../locales/language.ts';
import { Moment } from '../parts/ago.tsx';
import { isArtefact } from '../parts/pressure.tsx';
import { useUnits } from '../parts/units.tsx';

/** The readings that opened the alert, as they stood then. */
export function EvidenceTable({ evidence }: { evidence: Evidence[] }) {
  const { t } = useLanguage();
  return (
    <div className="table-frame" style={{ maxHeight: 'none' }}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('patient.columns.time')}</th>
            <th scope="col">{t('patient.columns.values')}</th>
            <th scope="col">{t('patient.columns.remarks')}</th>
          </tr>
        </thead>
        <tbody>
          {evidence.toReversed().map((one) => (
            <tr key={one.reading}>
              <td>
                <Moment at={one.takenAt} />
              </td>
              <td>
                <Values evidence={one} />
              </td>
              <td className="small">
                {one.marks.map((mark) => t(`mark.${mark}`)).join(', ')}
                {isArtefact(one.marks) && ` (${t('artefact')})`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Values({ evidence }: { evidence: Evidence }) {
  const { t } = useLanguage();
  const { shown, unitOf } = useUnits();
  return (
    <>
      {evidence.values.map(({ vital, value, decimals }) => (
        <div key={vital} style={{ whiteSpace: 'nowrap' }}>
          <span className="muted small">{t(`vitalShort.${vital}`)}</span>{' '}
          <b>{shown(vital, value, decimals, evidence.marks)}</b> <span className="muted small">{unitOf(vital)}</span>
        </div>
      ))}
    </>
  );
}
