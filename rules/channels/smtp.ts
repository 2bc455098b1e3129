import { createTransport } from 'nodemailer';
import { type Clock, within } from '#runtime/clock.ts';
import { type Channel, type Delivery, type OutgoingPage, sendWithinMs } from './channel.ts';

/**
 * Pages by mail. `smtps://` speaks TLS from the first byte; `smtp://` takes STARTTLS where the server offers it, and with a
 * password it insists on it, unless the server is on this very machine. The Message-ID is the page's: a mail program shows one
 * mail when one page had to be sent twice.
 */
export function createSmtpChannel(
  { clock }: { clock: Clock },
  config: { url: string; from: string; confidential: boolean; sendWithinMs?: number },
): Channel {
  const limitMs = config.sendWithinMs ?? sendWithinMs;
  const url = new URL(config.url);
  const local = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  const secure = url.protocol === 'smtps:';
  const transport = createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port ? Number(url.port) : secure ? 465 : 587,
    secure,
    requireTLS: !secure && !local && url.password !== '',
    // on one machine nobody listens between, and its certificate names no host
    ignoreTLS: !secure && local,
    ...(url.username
      ? { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }
      : {}),
    connectionTimeout: limitMs / 3,
    greetingTimeout: limitMs / 3,
    socketTimeout: limitMs / 3,
    dnsTimeout: limitMs / 3,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const host = addressIn(config.from).split('@')[1] ?? 'localhost';

  return {
    name: 'smtp',
    confidential: config.confidential,
    async send(page) {
      const abandon = new AbortController();
      try {
        const sent = transport.sendMail({
          from: config.from,
          to: page.recipient.email,
          subject: page.subject,
          text: page.text,
          messageId: `<${page.id}@${host}>`,
          headers: headersOf(page),
          priority: page.severity === 'critical' ? 'high' : 'normal',
          signal: abandon.signal,
        });
        sent.catch(() => {});
        await within(clock, limitMs, sent, () => Object.assign(new Error('late'), { code: 'ETIMEDOUT' }));
        return { ok: true };
      } catch (fault) {
        abandon.abort();
        return deliveryOf(fault);
      }
    },
  };
}

/** RFC 3834: no holiday reply shall come back. */
const headersOf = (page: OutgoingPage): Record<string, string> => ({
  'auto-submitted': 'auto-generated',
  'x-hearthbeat-alert': page.alert,
  'x-hearthbeat-step': String(page.step),
});

/**
 * RFC 5321, 4.2.1: 4yz may pass on another day, 5yz will be refused again. An ambiguous end (the connection broke after the text
 * had gone) is tried again: a page that comes twice is better than one that never does.
 */
function deliveryOf(fault: unknown): Delivery {
  const { code, responseCode } = fault as { code?: string; responseCode?: number };
  if (typeof responseCode === 'number' && responseCode >= 400) {
    const retry = responseCode < 500 || responseCode === 503;
    return { ok: false, retry, fault: `the mail server answered ${responseCode}` };
  }
  const known = code ? faults[code] : undefined;
  return known ? { ok: false, ...known } : { ok: false, retry: true, fault: 'the mail could not be sent' };
}

const faults: Record<string, { retry: boolean; fault: string }> = {
  ETIMEDOUT: { retry: true, fault: 'the mail server did not answer in time' },
  ECONNECTION: { retry: true, fault: 'the mail server hung up' },
  ESOCKET: { retry: true, fault: 'the mail server cannot be reached' },
  EDNS: { retry: true, fault: 'the name of the mail server is not known' },
  ETLS: { retry: true, fault: 'no secure connection to the mail server' },
  EAUTH: { retry: true, fault: 'the mail server refuses our password' },
  EENVELOPE: { retry: false, fault: 'the mail address is not valid' },
};

const addressIn = (from: string): string => /<([^>]+)>/.exec(from)?.[1] ?? from;
