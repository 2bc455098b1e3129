import type { StoredReading } from '#domain/reading.ts';
import type { ReadingsView } from '#domain/views.ts';
import { panels, type VitalName, vitalsOf } from '#domain/vitals.ts';
import { useLanguage, useTimes } from '../locales/language.ts';
import { isArtefact } from '../parts/pressure.tsx';
import { useUnits } from '../parts/units.tsx';
import { useNow } from '../time/clock.ts';

/** The values of the chart in rows, newest first: for eyes that want numbers, for screen readers, for the keyboard. */
export function ReadingsTable({ view }: { view: ReadingsView }) {
  const { t, say } = useLanguage();
  const times = useTimes();
  const label = t('patient.tableOf', { name: say(panels[view.panel].name) });
  return (
    <div className="stack" style={{ gap: 6 }}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a frame that scrolls must be reachable by keyboard (WCAG 2.1.1) */}
      <section className="table-frame" data-panel-of={view.panel} tabIndex={0} aria-label={label}>
        {view.resolution === 'raw' ? <Raw view={view} /> : <Windows view={view} />}
      </section>
      {view.resolution === 'windows' && (
        <p className="small muted">{t('patient.windowsNote', { window: times.duration(view.windowMs) })}</p>
      )}
      {view.resolution === 'raw' && view.more && (
        <p className="small muted">{t('patient.moreNote', { count: view.readings.length })}</p>
      )}
    </div>
  );
}

/** Vital signs of the panel that any of these readings has. */
function present(view: ReadingsView): VitalName[] {
  return vitalsOf(view.panel).filter((vital) =>
    view.resolution === 'raw'
      ? view.readings.some((reading) => reading.values.some((value) => value.vital === vital))
      : view.windows.some((window) => window.values[vital] !== undefined),
  );
}

function Head({ columns, last }: { columns: VitalName[]; last: string }) {
  const { t } = useLanguage();
  const { unitOf } = useUnits();
  return (
    <thead>
      <tr>
        <th scope="col">{t('patient.columns.time')}</th>
        {columns.map((vital) => (
          <th key={vital} scope="col" className="value">
            {t(`vitalShort.${vital}`)}
            <div className="small muted" style={{ fontWeight: 400 }}>
              {unitOf(vital)}
            </div>
          </th>
        ))}
        <th scope="col">{last}</th>
      </tr>
    </thead>
  );
}

function Raw({ view }: { view: Extract<ReadingsView, { resolution: 'raw' }> }) {
  const { t } = useLanguage();
  const times = useTimes();
  const { shown } = useUnits();
  const now = useNow(60_000);
  const columns = present(view).filter((vital) => vital !== 'mean-arterial-pressure');
  return (
    <table className="table">
      <Head columns={columns} last={t('patient.columns.remarks')} />
      <tbody>
        {view.readings.map((reading) => (
          <tr key={reading.id}>
            <td>
              <time dateTime={reading.takenAt}>{times.moment(reading.takenAt, now)}</time>
            </td>
            {columns.map((vital) => {
              const value = reading.values.find((one) => one.vital === vital);
              return (
                <td key={vital} className="value" data-vital={vital}>
                  {value && shown(vital, value.value, value.decimals, reading.marks)}
                </td>
              );
            })}
            <td className="small">
              <Remarks reading={reading} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Remarks({ reading }: { reading: StoredReading }) {
  const { t, language } = useLanguage();
  const words = [
    ...(isArtefact(reading.marks) ? [t('artefact')] : []),
    ...reading.marks.map((mark) => t(`mark.${mark}`)),
    ...reading.flags.map((flag) => t(`flag.${flag}`)),
  ];
  return words.join(language === 'zh' ? '；' : '; ');
}

function Windows({ view }: { view: Extract<ReadingsView, { resolution: 'windows' }> }) {
  const { t } = useLanguage();
  const times = useTimes();
  const { shown } = useUnits();
  const now = useNow(60_000);
  const columns = present(view).filter((vital) => vital !== 'mean-arterial-pressure');
  return (
    <table className="table">
      <Head columns={columns} last={t('patient.columns.count')} />
      <tbody>
        {view.windows.toReversed().map((window) => (
          <tr key={window.from}>
            <td>
              <time dateTime={window.from}>{times.moment(window.from, now)}</time>
            </td>
            {columns.map((vital) => {
              const value = window.values[vital];
              return (
                <td key={vital} className="value" data-vital={vital}>
                  {value && shown(vital, value.mean)}
                  {value && shown(vital, value.min) !== shown(vital, value.max) && (
                    <div className="small muted" style={{ fontWeight: 400 }}>
                      {shown(vital, value.min)}–{shown(vital, value.max)}
                    </div>
                  )}
                </td>
              );
            })}
            <td>{Math.max(...Object.values(window.values).map((value) => value.count))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
