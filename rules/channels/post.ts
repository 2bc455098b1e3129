import { Agent, request } from 'undici';
import type { Clock } from '#runtime/clock.ts';
import type { Delivery } from './channel.ts';

/**
 * One request to a server of somebody else, as every channel over HTTP makes it: bounded in time and in what is read of the answer,
 * and never led elsewhere.
 */
export type Post = (
  url: string,
  wish: { method?: 'POST' | 'PUT' | 'GET'; headers: Record<string, string>; body?: string | Buffer },
) => Promise<Answer | Failure>;

/** `text`: the beginning of what was answered, '' where nobody looks at it. */
export type Answer = { status: number; text: string };
export type Failure = Extract<Delivery, { ok: false }>;

export type PostConfig = {
  /** In faults: "the webhook". */
  who: string;
  limitMs: number;
  /** Is the status all there is to know? Then the answer is not read. */
  statusOnly?: boolean;
  /** An authority to trust besides those that everybody does, PEM. */
  ca?: string | undefined;
};

const answerBytesAtMost = 64 * 1024;

export function createPost({ clock }: { clock: Clock }, { who, limitMs, statusOnly, ca }: PostConfig): Post {
  const agent = new Agent({
    connect: { timeout: limitMs / 3, ...(ca === undefined ? {} : { ca }) },
    headersTimeout: limitMs,
    bodyTimeout: limitMs,
    connections: 8,
    // a connection that lay idle may be half dead, and a page has no time to find out
    keepAliveTimeout: 4_000,
  });
  return async (url, { method = 'POST', headers, body }) => {
    const abandon = new AbortController();
    const cancel = clock.after(limitMs, () => abandon.abort());
    try {
      const response = await request(url, {
        dispatcher: agent,
        method,
        headers: { 'user-agent': 'Hearthbeat', ...headers },
        body: body ?? null,
        signal: abandon.signal,
      });
      response.body.on('error', () => {});
      const text = statusOnly ? '' : await beginningOf(response.body);
      response.body.destroy();
      return { status: response.statusCode, text };
    } catch (fault) {
      if (abandon.signal.aborted) return { ok: false, retry: true, fault: `${who} did not answer in time` };
      if (isTlsFault(fault)) return { ok: false, retry: true, fault: `no secure connection to ${who}` };
      return { ok: false, retry: true, fault: `${who} cannot be reached` };
    } finally {
      cancel();
    }
  };
}

async function beginningOf(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= answerBytesAtMost) break;
  }
  return Buffer.concat(parts).subarray(0, answerBytesAtMost).toString('utf8');
}

/** Codes of OpenSSL's verification and of Node's TLS. */
const isTlsFault = (fault: unknown): boolean =>
  /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/.test(
    (fault as { code?: string }).code ?? '',
  );

/**
 * What a status says (RFC 9110): 2xx is taken. A redirect is refused: a page follows nobody to another host. 408, 425, 429 and 5xx
 * may pass; any other 4xx says that this request will never be wanted.
 */
export function deliveryOf(who: string, status: number): Delivery {
  if (status >= 200 && status < 300) return { ok: true };
  if (status >= 300 && status < 400) return { ok: false, retry: false, fault: `${who} answered with a redirect` };
  const retry = status >= 500 || [408, 425, 429].includes(status);
  return { ok: false, retry, fault: `${who} answered ${status}` };
}

/** An object that an answer holds as JSON; undefined when it is something else, such as the page of a proxy. */
export function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Whole characters of a text, at most so many bytes of UTF-8; where something is left out, `…` stands for it. */
export function cutTo(bytesAtMost: number, text: string): string {
  if (Buffer.byteLength(text) <= bytesAtMost) return text;
  const kept = new TextDecoder().decode(Buffer.from(text).subarray(0, bytesAtMost - 3), { stream: true });
  return `${kept}…`;
}
