import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { SetupFault } from '#domain/errors.ts';
import { type Clock, instant, within } from '#runtime/clock.ts';
import type { Downlink } from '#runtime/downlink.ts';
import type { Journal } from '#runtime/journal.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { Random } from '#runtime/random.ts';
import type { Records } from '#runtime/records/connect.ts';
import { takeForAway } from '#runtime/records/sources.ts';
import type { Health, Service } from '#runtime/service.ts';
import { createAdmission } from './admission.ts';
import { createCourier } from './courier.ts';
import { createCredentials } from './credentials.ts';
import { createCarrier } from './downwards.ts';
import { guardFrames } from './guard.ts';
import { createInlet } from './inlet.ts';
import { createSessions } from './sessions.ts';

export const brokerLimits = {
  /** Open sockets, signed in or not; one more is closed at once. */
  connections: 10_000,
  /** From the opening of a socket to a whole CONNECT. */
  connectMs: 10_000,
  /** A source that does not take what is sent to it is disconnected after so long: aedes waits for it meanwhile. */
  drainMs: 3_000,
  firstPacketBytes: 4 * 1024,
  packetBytes: 64 * 1024,
  /** Retained in memory for each source. A usual status takes less than 1 KiB, the biggest that its schema allows 44 KiB. */
  statusBytes: 48 * 1024,
  /** One answer to a command. */
  answerBytes: 1024,
  /** Received with QoS 2 and not yet released, for each source. */
  unreleased: 100,
  /** Between two looks whether a connected source was revoked or its token replaced; with 30 s of believing, that takes at most 50 s. */
  lookAgainMs: 20_000,
  /** Between two looks for commands that someone wants to be sent. */
  commandsMs: 1_000,
  /** Between two sweeps of commands that were closed long ago. */
  sweepMs: 600_000,
  stopMs: 3_000,
};
export type BrokerLimits = typeof brokerLimits;

/**
 * MQTT 3.1.1 for the homes, on loopback. It lets a source publish its readings, its status and its answers and hear its
 * receipts and commands, nothing else; and it acknowledges (PUBACK, PUBREC) only what the journal has on disk. It keeps no state of its own:
 * what it had not acknowledged comes again, what it could not deliver is sent again.
 */
export function createBroker(
  deps: {
    records: Records;
    journal: Journal;
    downlink: Downlink;
    clock: Clock;
    random: Random;
    log: Log;
    metrics: Metrics;
  },
  config: { port: number; host: string; limits?: Partial<BrokerLimits> },
): Service & { port(): number } {
  const { records, journal, downlink, clock, random, metrics } = deps;
  const log = deps.log.child({ service: 'broker' });
  const limits = { ...brokerLimits, ...config.limits };
  const sessions = createSessions();
  const credentials = createCredentials({ records, clock });
  const refused = (what: string) => {
    metrics.mqttRefused.inc({ what });
    log.debug('refused', { what });
  };
  const inlet = createInlet({ journal, sessions, clock, log, onRefused: refused }, limits);
  const carrier = createCarrier(sessions);
  const courier = createCourier({ records, sessions, send: carrier.command, clock, log, metrics });
  /** Whoever counts as online from before this moment was told so by a broker that is no more; undefined when that is mended. */
  let absentBefore: number | undefined;
  const sockets = new Set<Socket>();
  let recordsAway = false;
  let running: { aedes: Aedes; server: Server; stopLooking: () => void } | undefined;

  return {
    name: 'broker',
    port: () => {
      const address = running?.server.address();
      if (typeof address !== 'object' || !address) throw new Error('the broker does not listen');
      return address.port;
    },
    async start() {
      if (!/^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(config.host))
        throw new SetupFault('MQTT without encryption is for this machine only: let it listen on 127.0.0.1.');
      const aedes = await openAedes();
      const server = createServer(accept);
      server.maxConnections = limits.connections;
      server.on('drop', () => refused('connections'));
      server.on('error', (fault) => log.error('the MQTT port failed', faultDetails(fault)));
      const looks = [
        clock.every(limits.lookAgainMs, () => void endRevoked()),
        clock.every(limits.commandsMs, () => void courier.look()),
        clock.every(limits.sweepMs, () => void courier.sweep()),
      ];
      running = { aedes, server, stopLooking: () => looks.forEach((stop) => void stop()) };
      absentBefore = clock.now();
      await mendAbsences();
      try {
        await listen(server, config);
      } catch (fault) {
        await stop();
        throw fault;
      }
      downlink.carriedBy(carrier);
      log.info('MQTT is open', { port: config.port });
    },
    stop,
    health,
  };

  function accept(socket: Socket): void {
    if (!running) return void socket.destroy();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.setNoDelay(true);
    // a home whose power failed says no goodbye, and MQTT lets it ask for no keep-alive of its own
    socket.setKeepAlive(true, 60_000);
    running.aedes.handle(socket);
    guardFrames(socket, limits, (fault) => refused(fault));
  }

  async function openAedes(): Promise<Aedes> {
    const aedes = await Aedes.createBroker({
      id: random.uuid(),
      connectTimeout: limits.connectMs,
      drainTimeout: limits.drainMs,
      maxInflightInbound: limits.unreleased,
      maxTopicLevels: 8,
      ...createAdmission({
        credentials,
        sessions,
        onRefused: (refusal) => {
          // a stranger whose name alone is wrong is refused without a look into the records: that says nothing of them
          if (refusal === 'unavailable') recordsAway = true;
          refused(refusal);
        },
      }),
      ...inlet.hooks,
    });
    aedes.on('client', (client) => {
      recordsAway = false;
      // aedes closes a predecessor itself, but forgets the newcomer when that one was already closing: a third would not be noticed
      sessions.connected(client)?.client.close();
      metrics.mqttConnections.set(sessions.count());
    });
    aedes.on('clientDisconnect', (client) => {
      sessions.ended(client);
      metrics.mqttConnections.set(sessions.count());
    });
    aedes.on('subscribe', (subscriptions, client) => {
      const session = sessions.of(client);
      for (const { topic } of subscriptions) {
        const kind = session?.down.get(topic);
        if (kind) session?.subscribed.add(kind);
        // a home whose clock is wrong learns it before it sends anything
        if (session && kind === 'receipts')
          carrier.receipts(session.source, { v: 1, at: instant(clock.now()), receipts: [] });
        if (session && kind === 'commands') courier.cameBack(session.source);
      }
    });
    aedes.on('unsubscribe', (topics, client) => {
      const session = sessions.of(client);
      for (const topic of topics) {
        const kind = session?.down.get(topic);
        if (kind) session?.subscribed.delete(kind);
      }
    });
    // not in its types: what its own housekeeping met, e.g. a will that was refused. It must not end the process.
    (aedes as NodeJS.EventEmitter).on('error', (fault) => log.warn('aedes reports a fault', faultDetails(fault)));
    return aedes;
  }

  async function mendAbsences(): Promise<void> {
    if (absentBefore === undefined) return;
    try {
      const absent = await takeForAway(records, absentBefore);
      absentBefore = undefined;
      if (absent > 0) log.info('sources that were online count as away until they come', { absent });
    } catch (fault) {
      log.warn('nobody can tell which sources are away', faultDetails(fault));
    }
  }

  async function endRevoked(): Promise<void> {
    await mendAbsences();
    try {
      const ended = await credentials.endedAmong(sessions.all());
      recordsAway = false;
      for (const { source, client } of ended) {
        log.info('a source that was revoked, or given another token, was disconnected', { source });
        refused('revoked');
        client.close();
      }
    } catch (fault) {
      if (!recordsAway) log.warn('nobody can tell which sources are revoked', faultDetails(fault));
      recordsAway = true;
    }
  }

  async function stop(): Promise<void> {
    if (!running) return;
    const { aedes, server, stopLooking } = running;
    running = undefined;
    stopLooking();
    downlink.carriedBy({ receipts: () => {} });
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const source of sessions.sources()) sessions.find(source)?.client.close();
    const ended = new Promise<void>((resolve) => aedes.close(resolve));
    const late = () => new Error('connections did not close in time');
    // closing a session hands its last will to the journal
    await within(clock, limits.stopMs, ended.then(inlet.settled), late).catch((fault) =>
      log.warn('the broker stops without waiting longer', faultDetails(fault)),
    );
    for (const socket of sockets) socket.destroy();
    await closed;
    metrics.mqttConnections.set(0);
  }

  function health(): Health {
    if (!running) return { state: 'down', trouble: 'not-running', detail: 'not started' };
    const unkept = inlet.fault();
    if (unkept)
      return {
        state: 'down',
        trouble: 'readings-not-kept',
        detail: `readings cannot be kept (${unkept}); sources hold them back`,
      };
    if (recordsAway)
      return {
        state: 'degraded',
        trouble: 'records-away',
        detail: 'PostgreSQL does not answer: no source can sign in',
      };
    return { state: 'ok', detail: `${sessions.count()} connected` };
  }
}

function listen(server: Server, { port, host }: { port: number; host: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (fault: NodeJS.ErrnoException) => {
      const taken = fault.code === 'EADDRINUSE';
      const remedy = taken ? 'stop what listens there, or set MQTT_PORT to another' : 'set MQTT_PORT to another';
      reject(new SetupFault(`MQTT cannot listen on port ${port} (${fault.code}): ${remedy}.`));
    };
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
}
