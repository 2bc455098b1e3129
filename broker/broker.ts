import type { Socket } from 'node:net';
import { Aedes } from 'aedes';
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
import { type Doors, openDoors, type TlsDoor } from './doors.ts';
import { createCarrier } from './downwards.ts';
import { guardFrames } from './guard.ts';
import { createInlet } from './inlet.ts';
import { type BrokerLimits, brokerLimits } from './limits.ts';
import { createPace } from './pace.ts';
import { createSessions, downTopicOf } from './sessions.ts';

export { type BrokerLimits, brokerLimits } from './limits.ts';

/**
 * MQTT 3.1.1 for the homes, over TLS, and without it on loopback. It lets a source publish its readings, its status and its answers and hear its
 * receipts and commands, nothing else; and it acknowledges (PUBACK, PUBREC) only
 * what the journal has on disk. It keeps no state of its own: what it had not acknowledged comes again, what it could not deliver
 * is sent again, and the latest status of a source stands in the records.
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
  config: { port: number; host: string; tls?: TlsDoor; limits?: Partial<BrokerLimits> },
): Service & { port(): number; tlsPort(): number } {
  const { records, journal, downlink, clock, random, metrics } = deps;
  const log = deps.log.child({ service: 'broker' });
  const limits = { ...brokerLimits, ...config.limits };
  const sessions = createSessions();
  const credentials = createCredentials({ records, clock });
  const refused = (what: string) => {
    metrics.mqttRefused.inc({ what });
    log.debug('refused', { what });
  };
  const failures = createPace<string>(clock, limits.failedPerAddress);
  const inlet = createInlet(
    { journal, sessions, clock, log, onRefused: refused, onHeld: () => metrics.mqttHeld.inc() },
    limits,
  );
  const carrier = createCarrier(sessions);
  const courier = createCourier({ records, sessions, send: carrier.command, clock, log, metrics });
  /** Whoever counts as online from before this moment was told so by a broker that is no more; undefined when that is mended. */
  let absentBefore: number | undefined;
  let recordsAway = false;
  let looking = false;
  let running: { aedes: Aedes; doors: Doors | undefined; stopLooking: () => void } | undefined;

  return {
    name: 'broker',
    port: () => portsOf().plain,
    tlsPort: () => {
      const { tls } = portsOf();
      if (tls === undefined) throw new Error('the broker does not listen for TLS');
      return tls;
    },
    async start() {
      const aedes = await openAedes();
      const looks = [
        clock.every(limits.lookAgainMs, () => void lookAgain()),
        clock.every(limits.commandsMs, () => void courier.look()),
        clock.every(limits.sweepMs, () => void courier.sweep()),
      ];
      running = { aedes, doors: undefined, stopLooking: () => looks.forEach((stop) => void stop()) };
      absentBefore = clock.now();
      await mendAbsences();
      try {
        running.doors = await openDoors({ clock, log, onRefused: refused, enter }, config, limits);
      } catch (fault) {
        await stop();
        throw fault;
      }
      downlink.carriedBy(carrier);
      log.info('MQTT is open', portsOf());
    },
    stop,
    health,
  };

  function portsOf(): ReturnType<Doors['ports']> {
    if (!running?.doors) throw new Error('the broker does not listen');
    return running.doors.ports();
  }

  function enter(socket: Socket): void {
    if (!running) return void socket.destroy();
    const client = running.aedes.handle(socket);
    guardFrames(clock, socket, limits, (fault) => {
      refused(fault);
      // only a client that is closed parses no more of what has arrived
      client.close();
      socket.destroy();
    });
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
        failures,
        onRefused: (refusal) => {
          // a stranger whose name alone is wrong is refused without a look into the records: that says nothing of them
          if (refusal === 'unavailable') recordsAway = true;
          refused(refusal);
        },
      }),
      ...inlet.hooks,
    });
    // What sources send is in the journal by now, and nobody here subscribes to it: there is nothing to route or to retain. Of
    // what aedes tells itself, only its heartbeat is heard by anybody: by the part of it that looks for brokers that died.
    const route = aedes.publish.bind(aedes) as (packet: { topic: string }, ...rest: unknown[]) => void;
    aedes.publish = (packet: { topic: string }, ...rest: unknown[]) => {
      if (packet.topic.startsWith('$SYS/') && packet.topic.endsWith('/heartbeat')) return route(packet, ...rest);
      (rest.at(-1) as (() => void) | undefined)?.();
    };
    // for the same reason no filter goes into its routing; what goes down is handed to the session (downwards.ts)
    aedes.subscribe = aedes.unsubscribe = (_topic, _hear, done) => done();
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
        const kind = session && downTopicOf(session, topic);
        if (session && kind) session.subscribed = [...session.subscribed.filter((other) => other !== kind), kind];
        // a home whose clock is wrong learns it before it sends anything
        if (session && kind === 'receipts')
          carrier.receipts(session.source, { v: 1, at: instant(clock.now()), receipts: [] });
        if (session && kind === 'commands') courier.cameBack(session.source);
      }
    });
    aedes.on('unsubscribe', (topics, client) => {
      const session = sessions.of(client);
      for (const topic of topics) {
        if (session) session.subscribed = session.subscribed.filter((kind) => kind !== downTopicOf(session, topic));
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

  async function lookAgain(): Promise<void> {
    inlet.sweep();
    failures.sweep();
    running?.doors?.sweep();
    if (looking) return;
    looking = true;
    await mendAbsences();
    try {
      const ended = await credentials.endedAmong(sessions.all());
      recordsAway = false;
      for (const { source, client } of ended) {
        log.info('a source that was revoked, or whose token or certificate is no longer in force, was disconnected', {
          source,
        });
        refused('revoked');
        client.close();
      }
    } catch (fault) {
      if (!recordsAway) log.warn('nobody can tell which sources are revoked', faultDetails(fault));
      recordsAway = true;
    } finally {
      looking = false;
    }
  }

  async function stop(): Promise<void> {
    if (!running) return;
    const { aedes, doors, stopLooking } = running;
    running = undefined;
    stopLooking();
    downlink.carriedBy({ receipts: () => {} });
    const closed = doors?.close();
    for (const source of sessions.sources()) sessions.find(source)?.client.close();
    const ended = new Promise<void>((resolve) => aedes.close(resolve));
    const late = () => new Error('connections did not close in time');
    // closing a session hands its last will to the journal
    await within(clock, limits.stopMs, ended.then(inlet.settled), late).catch((fault) =>
      log.warn('the broker stops without waiting longer', faultDetails(fault)),
    );
    doors?.clear();
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
