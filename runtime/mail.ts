import { createTransport } from 'nodemailer';
import { type Clock, within } from './clock.ts';

/**
 * Mail out. `smtps://` speaks TLS from the first byte; `smtp://` takes STARTTLS where the server offers it, and with a password it
 * insists on it, unless the server is on this very machine.
 */
export type Mailer = { send(mail: OutgoingMail): Promise<MailDelivery> };

export type OutgoingMail = {
  /** Becomes the Message-ID: a mail program shows one mail when one had to be sent twice. */
  id: string;
  to: string;
  subject: string;
  text: string;
  urgent: boolean;
  headers?: Record<string, string>;
};

/** A fault is a few fixed words: no address, no text, no answer of a server. `retry`: whether trying again may help. */
export type MailDelivery = { ok: true } | { ok: false; retry: boolean; fault: string };

/** Every `send` settles within `sendWithinMs`, and never rejects. */
export function createMailer(
  { clock }: { clock: Clock },
  config: { url: string; from: string; sendWithinMs: number },
): Mailer {
  const limitMs = config.sendWithinMs;
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
    async send({ id, to, subject, text, urgent, headers }) {
      const abandon = new AbortController();
      try {
        const sent = transport.sendMail({
          from: config.from,
          to,
          subject,
          text,
          messageId: `<${id}@${host}>`,
          // RFC 3834: no holiday reply shall come back
          headers: { 'auto-submitted': 'auto-generated', ...headers },
          priority: urgent ? 'high' : 'normal',
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

/**
 * RFC 5321, 4.2.1: 4yz may pass on another day, 5yz will be refused again. An ambiguous end (the connection broke after the text
 * had gone) is tried again: a page that comes twice is better than one that never does.
 */
function deliveryOf(fault: unknown): MailDelivery {
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
