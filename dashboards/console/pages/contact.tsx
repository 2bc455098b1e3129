import '../locales/contact.ts';
import { useContact } from '../api/contact.ts';
import { AddPoint } from '../contact/add.tsx';
import { Point } from '../contact/point.tsx';
import { useLanguage } from '../locales/language.ts';
import { Answer } from '../parts/states.tsx';
import { useTitle } from '../parts/title.ts';

/** How one is reached oneself: the account's address, all others, and another. */
export default function ContactPage() {
  const { t } = useLanguage();
  useTitle(t('contact.title'));
  const contact = useContact();
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{t('contact.title')}</h1>
          <p className="muted">{t('contact.lead')}</p>
        </div>
      </div>
      <Answer of={contact}>
        {(mine) => (
          <div className="stack">
            {mine.channels.length === 0 && <p className="fault">{t('contact.noChannel')}</p>}
            <ul className="stack contact-points">
              <li className="card stack-small" data-point="account">
                <h3>{t('contact.kind.email')}</h3>
                <p className="code-text">{mine.account}</p>
                <p className="muted small">
                  {t(mine.channels.some(({ to }) => to === 'email') ? 'contact.account' : 'contact.accountUnused')}
                </p>
              </li>
              {mine.points.map((point) => (
                <Point key={point.id} point={point} />
              ))}
            </ul>
            <AddPoint contact={mine} />
          </div>
        )}
      </Answer>
    </>
  );
}
