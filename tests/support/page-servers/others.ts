import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { bodyOf, type Endings, type Taken } from './web.ts';

/** A mail server that keeps what it is handed. @returns its port */
export async function mailServer(
  endings: Endings,
  options: SMTPServerOptions = {},
): Promise<{ port: number; taken: (Taken & { mail: Awaited<ReturnType<typeof simpleParser>> })[] }> {
  const taken: (Taken & { mail: Awaited<ReturnType<typeof simpleParser>> })[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, session, done) => {
      simpleParser(stream).then((mail) => {
        const text = `${mail.subject}\n${mail.text}`;
        const to = session.envelope.rcptTo.map(({ address }) => address).join();
        taken.push({ to, text, link: linkIn(text), id: mail.messageId ?? null, mail });
        done();
      }, done);
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endings.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, taken };
}

/** A receiver of signed webhooks: one that is not signed with the secret, or was signed long ago, is refused. */
export function webhookReceiver(secret: string): {
  listener: RequestListener;
  taken: Taken[];
  headers: IncomingHttpHeaders[];
} {
  const taken: Taken[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const listener: RequestListener = async (request, response) => {
    const body = String(await bodyOf(request));
    const signature = String(request.headers['x-hearthbeat-signature']);
    const [, seconds = '', mac = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
    const expected = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
    if (mac !== expected || Math.abs(Number(seconds) - Date.now() / 1000) > 300) return response.writeHead(401).end();
    const page = JSON.parse(body) as { recipient: { id: string }; acknowledgeUrl: string | null };
    headers.push(request.headers);
    const id = String(request.headers['idempotency-key']);
    taken.push({ to: page.recipient.id, text: body, link: page.acknowledgeUrl, id });
    response.writeHead(204).end();
  };
  return { listener, taken, headers };
}

/** A gateway for text messages as many are: a token in a header, JSON up, and `{"code":0}` for what it took. */
export function smsGateway(token: string): { listener: RequestListener; taken: Taken[] } {
  const taken: Taken[] = [];
  const listener: RequestListener = async (request, response) => {
    const answer = (code: number) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ code, msg: 'in words' }));
    if (request.headers['x-api-key'] !== token) return answer(1001);
    const { to, text, id } = JSON.parse(String(await bodyOf(request))) as Record<string, string>;
    if (!/^\+\d+$/.test(to ?? '') || !text) return answer(1002);
    taken.push({ to: to ?? '', text, link: linkIn(text), id: id ?? null });
    answer(0);
  };
  return { listener, taken };
}

const linkIn = (text: string): string | null => /https?:\S+\/a\/\S+/.exec(text)?.[0] ?? null;
