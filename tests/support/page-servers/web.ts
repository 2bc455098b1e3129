import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';

/** Servers on loopback that somebody else would run. */

export type Endings = (() => Promise<unknown> | unknown)[];
export type Credentials = { key: string; certificate: string };

/** @returns where it listens, e.g. `http://127.0.0.1:1234` */
export async function webServer(endings: Endings, answer: RequestListener, tls?: Credentials): Promise<string> {
  const server = tls ? createSecureServer({ key: tls.key, cert: tls.certificate }, answer) : createServer(answer);
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endings.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Takes connections and does with them as it is told. @returns its port */
export async function rawServer(endings: Endings, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  endings.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return port;
}

/** A port on which nobody listens any more. */
export async function closedPort(): Promise<number> {
  const endings: Endings = [];
  const port = await rawServer(endings, () => {});
  for (const end of endings) await end();
  return port;
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

/** What a server understood of a message, in the words that all of them share. */
export type Taken = { to: string; text: string; link: string | null; id: string | null };
