import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { SetupFault } from '#domain/errors.ts';
import type { Web } from './web.ts';

/** The same application over TLS: for homes and wards, where no proxy stands before the platform. */

export type HttpsConfig = {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** PEM, each. */
  credentials(): { key: string; certificate: string };
  /** Called whenever they have changed. The answer ends it. */
  onRenewed(renewed: () => void): () => void;
};

/** Whoever takes longer to agree on a key holds a connection that somebody else could have. */
const handshakeMs = 10_000;

/** With the limits of the plain server. @throws SetupFault when the address is taken, or is none of this machine. */
export async function listenSecurely(app: Web, config: HttpsConfig): Promise<{ port: number; stop(): Promise<void> }> {
  const context = () => {
    const { key, certificate } = config.credentials();
    return { key, cert: certificate, minVersion: 'TLSv1.2' as const };
  };
  const limits = { requestTimeout: app.server.requestTimeout, handshakeTimeout: handshakeMs };
  const server = createServer({ ...context(), ...limits }, (request, response) => app.routing(request, response));
  // HTTP knows of a connection when its handshake is over, and one that is not keeps the server from closing
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.maxConnections = app.server.maxConnections;
  const forget = config.onRenewed(() => server.setSecureContext(context()));
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(config.port, config.host, resolve);
    });
  } catch (fault) {
    forget();
    const { code } = fault as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL')
      throw new SetupFault(
        `Port ${config.port} on ${config.host} cannot be listened on (${code}): set HTTPS_PORT and HTTPS_HOST to a free one.`,
      );
    throw fault;
  }
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        forget();
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
