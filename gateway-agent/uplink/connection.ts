import { connect, type MqttClient } from 'mqtt';
import type { SourceId } from '#domain/ids.ts';
import { type Clock, within } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Random } from '#runtime/random.ts';
import type { UplinkLimits } from './limits.ts';

/**
 * A connection to the broker that is made again for ever, ever more slowly: MQTT 3.1.1 with this source's own credentials. It queues nothing:
 * what is not acknowledged when a connection ends is for the caller to send again.
 */
export interface Connection {
  isOpen(): boolean;
  /** Resolves when the broker has acknowledged. Rejects at once when there is no connection, and ends one that does not acknowledge in time. */
  publish(topic: string, text: string, retain?: boolean): Promise<void>;
  /** Asks anew for what goes down to this source. */
  listen(): Promise<void>;
  /** Why there is none, where that is more than a server that is away. */
  trouble(): ConnectionTrouble | undefined;
  /** Ends the one there is and makes another at once, for there is something else to sign in with. */
  renew(): void;
  /** @param goodbye what is still said, if it can be said in time. */
  close(goodbye: () => Promise<void>): Promise<void>;
}

/** What a source signs in with: the token it was given, or a certificate for its own key; PEM. */
export type Credential = {
  secret?: string;
  certificate?: { key: string; certificate: string };
  /** Who vouches for the server, and nobody else. Not given: whom this system trusts. */
  authority?: string;
};

/** Asked for each connection. */
export interface SignIn {
  current(): Credential;
  /** What the server made of it. */
  accepted(credential: Credential): void;
  refused(credential: Credential): void;
}

export type ConnectionConfig = {
  signIn: SignIn;
  source: SourceId;
  /** mqtt://host:port or mqtts://host:port. */
  mqttUrl: string;
  will: { topic: string; text: string };
  down: string[];
};

/** @param opened is called when a connection listens; what it throws ends the connection. @param closed when it is no more. */
export function keepConnected(
  { clock, random, log }: { clock: Clock; random: Random; log: Log },
  { signIn, source, mqttUrl, will, down }: ConnectionConfig,
  limits: UplinkLimits,
  {
    opened,
    heard,
    closed,
  }: { opened: () => Promise<void>; heard: (topic: string, payload: Buffer) => void; closed: () => void },
): Connection {
  const closing = new AbortController();
  let client: MqttClient | undefined;
  let trouble: ConnectionTrouble | undefined;
  /** It is being taken leave of: what it still acknowledges counts, and nothing more is said on it. */
  let leaving: MqttClient | undefined;
  const underWay = new Set<Promise<unknown>>();
  /** Ends the pause between two connections. */
  let hurry = new AbortController();

  const publish = async (topic: string, text: string, retain = false): Promise<void> => {
    const on = client;
    if (!on?.connected || on === leaving) throw new Error('not connected');
    const publishing = on.publishAsync(topic, text, { qos: 1, retain });
    const acknowledged = within(clock, limits.pubackMs, publishing, () => new Error('no PUBACK in time'));
    underWay.add(acknowledged);
    try {
      await acknowledged;
    } catch (fault) {
      // a connection that does not acknowledge is none
      cut(on);
      throw fault;
    } finally {
      underWay.delete(acknowledged);
    }
  };

  const listenOn = async (on: MqttClient) => {
    const granted = on.subscribeAsync(down, { qos: 1 });
    const grants = await within(clock, limits.pubackMs, granted, () => new Error('no SUBACK in time'));
    if (grants.some((grant) => grant.qos === 128)) throw new Error('the broker refuses the subscriptions');
  };

  /** One connection: resolves when it has ended, with how long it stood, ms. */
  const attend = async (): Promise<number> => {
    const credential = signIn.current();
    const on = connect(mqttUrl, {
      protocolVersion: 4,
      clean: true,
      clientId: source,
      username: source,
      ...tlsOptions(credential),
      keepalive: limits.keepAliveS,
      connectTimeout: limits.connectMs,
      // reconnecting is ours, with our own clock and back-off; so is sending again, from the outbox
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      will: { topic: will.topic, payload: Buffer.from(will.text), qos: 1, retain: true },
    });
    let since: number | undefined;
    const ended = new Promise<void>((resolve) => on.once('close', resolve).once('end', resolve));
    let why: ConnectionTrouble | undefined;
    on.on('error', (fault) => {
      why ??= troubleOf(fault);
      log.debug('the connection to the server failed', faultDetails(fault));
      cut(on);
    });
    // by TLS 1.3 a server says only after the handshake what it holds of our certificate, and MQTT.js does not pass that on
    on.stream?.on('error', (fault: Error) => {
      why ??= troubleOf(fault);
    });
    on.on('message', (topic, payload) => {
      if (client === on) heard(topic, payload);
    });
    on.once('connect', () => {
      since = clock.elapsed();
      client = on;
      trouble = undefined;
      signIn.accepted(credential);
      listenOn(on)
        .then(opened)
        .catch((fault) => {
          log.warn('the connection could not be used', faultDetails(fault));
          cut(on);
        });
    });
    const abort = () => cut(on);
    closing.signal.addEventListener('abort', abort, { once: true });
    await ended;
    closing.signal.removeEventListener('abort', abort);
    if (client === on) {
      client = undefined;
      closed();
      log.info('the connection to the server has ended');
    }
    cut(on);
    if (since !== undefined) return clock.elapsed() - since;
    trouble = why;
    // a server may also hang up on a certificate without a word
    if (why?.kind === 'refused' || (why === undefined && credential.certificate)) signIn.refused(credential);
    return 0;
  };

  const keep = async () => {
    const { firstMs, mostMs } = limits.backOff;
    let pauseMs = firstMs;
    while (!closing.signal.aborted) {
      const stoodMs = await attend();
      if (stoodMs >= mostMs) pauseMs = firstMs;
      // half of it by chance: a thousand homes must not knock at the same moment when a broker comes back
      const pause = AbortSignal.any([closing.signal, hurry.signal]);
      await clock.sleep(pauseMs * (0.5 + random.next() / 2), pause).catch(() => {});
      if (hurry.signal.aborted) {
        hurry = new AbortController();
        pauseMs = firstMs;
      } else pauseMs = Math.min(pauseMs * 2, trouble?.kind === 'refused' ? limits.refusedMostMs : mostMs);
    }
  };
  const kept = keep();

  return {
    isOpen: () => client?.connected === true && client !== leaving,
    publish,
    listen: async () => {
      if (client?.connected) await listenOn(client);
    },
    trouble: () => (client?.connected ? undefined : trouble),
    renew: () => {
      hurry.abort();
      const on = client;
      if (!on || on === leaving) return;
      leaving = on;
      // with a goodbye to the broker, so that nobody takes us for away; but MQTT.js hears no acknowledgement after it has said that
      const left = Promise.allSettled(underWay).then(() => on.endAsync());
      within(clock, limits.goodbyeMs, left, () => new Error('late')).catch(() => cut(on));
    },
    close: async (goodbye) => {
      const on = client;
      if (on?.connected) {
        const said = goodbye().then(() => on.endAsync());
        await within(clock, limits.goodbyeMs, said, () => new Error('late')).catch(() => {});
      }
      closing.abort();
      await kept;
    },
  };
}

/**
 * `refused`: the server knows who we are, or says so, and lets us not in. `untrusted`: it could not prove that it is the server. `code`: of what lies
 * below, such as CERT_HAS_EXPIRED.
 */
export type ConnectionTrouble = { kind: 'refused' | 'untrusted'; code: string };

/** MQTT 3.1.1, table 3.1: bad user name or password; not authorized. */
const refusals = [4, 5];
/** Of OpenSSL's verification, by the names that Node gives them, and of Node's own of the server's name. */
const untrusted =
  /^(CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET_ISSUER|VERIFY|DECODE_ISSUER)|INVALID_(CA|PURPOSE)|PATH_LENGTH|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME)/;
/** What the server's TLS says of our certificate. */
const alerted = /^ERR_SSL_.*ALERT.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/;

export function troubleOf(fault: unknown): ConnectionTrouble | undefined {
  const { code } = fault as { code?: unknown };
  if (typeof code === 'number')
    return refusals.includes(code) ? { kind: 'refused', code: `CONNACK ${code}` } : undefined;
  if (typeof code !== 'string') return undefined;
  if (untrusted.test(code)) return { kind: 'untrusted', code };
  return alerted.test(code) ? { kind: 'refused', code } : undefined;
}

/** As MQTT.js wants it. A server whose certificate is not vouched for, or is for another name, gets nothing of it. */
export const tlsOptions = ({ secret, certificate, authority }: Credential) => ({
  ...(secret === undefined ? {} : { password: secret }),
  ...(certificate && { key: certificate.key, cert: certificate.certificate }),
  ...(authority === undefined ? {} : { ca: authority }),
  rejectUnauthorized: true,
  minVersion: 'TLSv1.2' as const,
});

/** At once. An `end` that waits for acknowledgements makes MQTT.js deaf to any further one, so its stream is closed for it. */
function cut(client: MqttClient): void {
  client.end(true);
  client.stream?.destroy();
}
