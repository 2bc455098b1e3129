import { useMailbox } from '../api/queries.ts';
import { useLanguage } from '../locales/language.ts';
import { Moment } from '../parts/ago.tsx';
import { Answer, Calm } from '../parts/states.tsx';
import { useTitle } from '../parts/title.ts';

/** The mail catch-all of the simulated neighbourhood: what a doctor's phone would have received. */
export function MailboxPage() {
  const { t } = useLanguage();
  useTitle(t('mailbox.title'));
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{t('mailbox.title')}</h1>
          <p className="muted">{t('mailbox.lead')}</p>
        </div>
      </div>
      <Answer of={useMailbox()}>
        {({ mails }) =>
          mails.length === 0 ? (
            <Calm title={t('mailbox.none')}>
              <p>{t('mailbox.noneMore')}</p>
            </Calm>
          ) : (
            <ul className="stack">
              {mails.map((mail) => (
                <li className="card" key={mail.id}>
                  <div className="row" style={{ justifyContent: 'space-between' }}>
                    <h2>{mail.subject}</h2>
                    <span className="muted numbers">
                      <Moment at={mail.at} />
                    </span>
                  </div>
                  <p className="muted small">{t('mailbox.to', { to: mail.to.join(', ') })}</p>
                  <p className="mail">
                    <Linked text={mail.text} />
                  </p>
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
    </>
  );
}

/** Links to this console become links; everything else stays the text it is, whoever sent it. */
function Linked({ text }: { text: string }) {
  const parts = text.trim().split(/(https?:\/\/\S+)/);
  return parts.map((part, i) => {
    const key = `${i} ${part}`;
    if (i % 2 === 0 || !URL.canParse(part)) return <span key={key}>{part}</span>;
    const { origin, pathname } = new URL(part);
    return origin === window.location.origin ? (
      <a key={key} href={pathname}>
        {part}
      </a>
    ) : (
      <span key={key}>{part}</span>
    );
  });
}
