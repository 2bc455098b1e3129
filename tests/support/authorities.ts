import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import type { SourceId } from '#domain/ids.ts';
import { type Authority, openAuthority } from '#runtime/authority/authority.ts';
import type { IssuedCertificate } from '#runtime/authority/certificates.ts';
import type { Clock } from '#runtime/clock.ts';
import { systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { certificateRequest, type KeyPair, makeKey } from './certificate-requests.ts';

/** Authorities in folders of their own, and boxes with certificates of them. */

export const passphrase = 'a passphrase for tests';

export async function testAuthority(
  wish: { clock?: Pick<Clock, 'now' | 'every'>; folder?: string; clientDays?: number } = {},
): Promise<{ authority: Authority; folder: string; stop(): Promise<void> }> {
  const folder = wish.folder ?? mkdtempSync(join(tmpdir(), 'hearthbeat-authority-'));
  const deps = { clock: wish.clock ?? systemClock, log: silentLog };
  const authority = await openAuthority(deps, { folder, passphrase, clientDays: wish.clientDays ?? 90 });
  return {
    authority,
    folder,
    stop: async () => {
      authority.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What a box has: its key (PKCS #8, PEM) and the certificate for it. */
export type Box = { key: string; keys: KeyPair; issued: IssuedCertificate };

export async function boxOf(authority: Authority, source: SourceId, keys?: KeyPair): Promise<Box> {
  const pair = keys ?? (await makeKey());
  const issued = await authority.issueFor(source, await certificateRequest(pair));
  if (typeof issued === 'string') throw new Error(issued);
  return { key: await keyPem(pair), keys: pair, issued };
}

export async function keyPem({ privateKey }: KeyPair): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey));
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
}

/** A TLS server that asks for certificates of the authority, and tells each caller their subject alternative names. */
export async function tlsServer(credentials: {
  key: string;
  certificate: string;
  authority: string;
}): Promise<{ server: Server; port: number; stop(): Promise<void> }> {
  const { key, certificate, authority } = credentials;
  const server = createServer(
    { key, cert: certificate, ca: authority, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
    (socket) => {
      socket.on('error', () => {});
      socket.end(socket.getPeerCertificate().subjectaltname ?? '');
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    port: (server.address() as { port: number }).port,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** What the server says, or `refused`, or the code of the fault for which the caller hung up. */
export function shakeHands(
  port: number,
  caller: { authority: string; key?: string; certificate?: string; name?: string; version?: 'TLSv1.2' | 'TLSv1.3' },
): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket: TLSSocket = connect({
      port,
      host: '127.0.0.1',
      ca: caller.authority,
      key: caller.key,
      cert: caller.certificate,
      servername: caller.name ?? 'localhost',
      ...(caller.version ? { minVersion: caller.version, maxVersion: caller.version } : {}),
    });
    socket.on('data', (bytes) => {
      said += bytes;
    });
    // with TLS 1.3 a client is through before the server has looked at its certificate
    let fault = 'refused';
    socket.on('error', ({ code = fault }: NodeJS.ErrnoException) => {
      fault = /^(ERR_SSL|ECONNRESET|EPIPE)/.test(code) ? 'refused' : code;
    });
    socket.on('close', () => resolve(said || fault));
  });
}
