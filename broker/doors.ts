import { constants } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions, type Server as TlsServer } from 'node:tls';
import { SetupFault } from '#domain/errors.ts';
import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import { createAddresses } from './addresses.ts';
import type { BrokerLimits } from './limits.ts';

/** What the broker shows in a TLS handshake, and by whom certificates of clients are signed. PEM; authorities may be several. */
export type TlsCredentials = { key: string; certificate: string; authority: string | string[] };

export type TlsDoor = {
  port: number;
  host: string;
  credentials(): TlsCredentials;
  /** Calls back whenever `credentials` answers something new; the answer ends that. */
  // biome-ignore lint/suspicious/noConfusingVoidType: whoever never renews has nothing to end
  onRenewed(renewed: () => void): (() => void) | void;
};

export type Doors = {
  /** Of the plain door, and of the one for TLS. */
  ports(): { plain: number; tls: number | undefined };
  /** Takes nobody in any more. */
  close(): Promise<void>;
  /** Ends whatever is still connected. */
  clear(): void;
  sweep(): void;
};

type Deps = { clock: Clock; log: Log; onRefused: (what: string) => void; enter: (socket: Socket) => void };
type Limits = Pick<BrokerLimits, 'connections' | 'connectionsPerAddress' | 'newPerAddress' | 'handshakeMs'>;

/**
 * The two ways in: plain MQTT for this machine, and TLS. What is too much is closed here, before it has cost a handshake.
 * @throws SetupFault
 */
export async function openDoors(
  deps: Deps,
  config: { port: number; host: string; tls?: TlsDoor | undefined },
  limits: Limits,
): Promise<Doors> {
  const { clock, log, onRefused, enter } = deps;
  if (!/^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(config.host))
    throw new SetupFault('MQTT without encryption is for this machine only: let it listen on 127.0.0.1.');
  const sockets = new Set<Socket>();
  const addresses = createAddresses(clock, limits);
  const refuse = (socket: Socket, what: string) => {
    onRefused(what);
    socket.destroy();
  };
  const accept = (socket: Socket): boolean => {
    // until somebody listens for its faults, a reset would end the process
    socket.on('error', () => {});
    if (sockets.size >= limits.connections) {
      refuse(socket, 'connections');
      return false;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.setNoDelay(true);
    // a home whose power failed says no goodbye, and MQTT lets it ask for no keep-alive of its own
    socket.setKeepAlive(true, 60_000);
    return true;
  };
  const open = (name: string, where: { port: number; host: string }, taken: (socket: Socket) => void) => {
    const server = createServer(taken);
    server.on('error', (fault) => log.error('a port for MQTT failed', { name, ...faultDetails(fault) }));
    return listen(server, name, where);
  };

  const plain = await open('MQTT_PORT', config, (socket) => void (accept(socket) && enter(socket)));
  const servers = [plain];
  let stopRenewing = () => {};
  if (config.tls) {
    const { tls } = config;
    try {
      const handshakes = openHandshakes(tls.credentials(), limits);
      handshakes.on('secureConnection', enter);
      handshakes.on('tlsClientError', (_, socket) => refuse(socket, 'handshake'));
      stopRenewing =
        tls.onRenewed(() => {
          try {
            handshakes.setSecureContext(contextOf(tls.credentials()));
            log.info('MQTT over TLS shows a new certificate');
          } catch (fault) {
            log.error('the new certificate for MQTT over TLS cannot be used', faultDetails(fault));
          }
        }) ?? stopRenewing;
      servers.push(
        await open('MQTTS_PORT', tls, (socket) => {
          if (!accept(socket)) return;
          if (addresses.admit(socket)) handshakes.emit('connection', socket);
          else refuse(socket, 'address');
        }),
      );
    } catch (fault) {
      stopRenewing();
      plain.close();
      throw fault;
    }
  }

  return {
    ports: () => ({ plain: portOf(plain), tls: servers[1] && portOf(servers[1]) }),
    close: async () => {
      stopRenewing();
      await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    },
    clear: () => {
      for (const socket of sockets) socket.destroy();
    },
    sweep: addresses.sweep,
  };
}

/** A client may come without a certificate: it has a token then. One that is not ours is refused after the handshake, in words of MQTT. */
function openHandshakes(credentials: TlsCredentials, { handshakeMs }: Limits): TlsServer {
  return createTlsServer({
    ...contextOf(credentials),
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: handshakeMs,
  });
}

/** Nobody resumes a session: each connection shows its certificate anew, and none takes memory for tickets. */
const contextOf = ({ key, certificate, authority }: TlsCredentials): TlsOptions => ({
  key,
  cert: certificate,
  ca: authority,
  minVersion: 'TLSv1.2',
  secureOptions: constants.SSL_OP_NO_TICKET,
});

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the broker does not listen');
  return address.port;
}

function listen(server: Server, name: string, { port, host }: { port: number; host: string }): Promise<Server> {
  return new Promise((resolve, reject) => {
    const failed = (fault: NodeJS.ErrnoException) => {
      const taken = fault.code === 'EADDRINUSE';
      const remedy = taken ? `stop what listens there, or set ${name} to another` : `set ${name} to another`;
      reject(new SetupFault(`MQTT cannot listen on port ${port} of ${host} (${fault.code}): ${remedy}.`));
    };
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve(server);
    });
  });
}
