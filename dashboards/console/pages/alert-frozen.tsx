import '../locales/on-call.ts';
import type { AlertView } from '#domain/views.ts';
import { useRota } from '../api/on-call.ts';
import { usePatient } from '../api/queries.ts';
import { useLanguage } from '../locales/language.ts';
import { usePolicyWords } from '../on-call/policy-words.tsx';
import { Answer } from '../parts/states.tsx';

/** What was in force when the alert spoke, whatever has been changed since. */
export default function AsItStood({ alert }: { alert: AlertView }) {
  const { t, say } = useLanguage();
  const patient = usePatient(alert.patient);
  return (
    <div className="stack-small" style={{ marginTop: 8 }}>
      <p className="muted">{t('alert.frozen.lead')}</p>
      <Answer of={patient}>
        {({ rules }) => {
          const entry = rules.find(({ rule }) => rule === alert.rule);
          return (
            <>
              {entry && entry.version !== alert.ruleVersion && (
                <p>{t('alert.frozen.newer', { version: entry.version })}</p>
              )}
              <dl className="fields">
                {Object.entries(alert.parameters).map(([name, value]) => {
                  const known = entry?.parameters.find((one) => one.name === name);
                  const changed = entry && entry.inForce[name] !== value;
                  return (
                    <div key={name} style={{ display: 'contents' }}>
                      <dt>{known ? say(known.label) : name}</dt>
                      <dd className="numbers">
                        {value} {known && known.unit !== '1' && known.unit}
                        {changed && entry.inForce[name] !== undefined && (
                          <span className="muted"> {t('alert.frozen.today', { value: entry.inForce[name] })}</span>
                        )}
                      </dd>
                    </div>
                  );
                })}
              </dl>
            </>
          );
        }}
      </Answer>
      <Policy alert={alert} />
    </div>
  );
}

function Policy({ alert }: { alert: AlertView }) {
  const { t } = useLanguage();
  const rota = useRota(alert.team);
  const words = usePolicyWords(rota.data?.people ?? []);
  if (!alert.escalation) return <p>{t('alert.noEscalation')}</p>;
  return (
    <p>
      <b>{t('alert.frozen.policy')}</b> {words.told(alert.escalation)}
    </p>
  );
}
