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
  /** @param goodbye what is still said, if it can be said in time. */
  close(goodbye: () => Promise<void>): Promise<void>;
}

/** What a source signs in with: the token it was given, or a certificate for its own key and whom it trusts; PEM. */
export type Credential = {
  secret?: string;
  certificate?: { key: string; certificate: string; authority: string };
};

export type ConnectionConfig = Credential & {
  source: SourceId;
  /** mqtt://host:port or mqtts://host:port. */
  mqttUrl: string;
  will: { topic: string; text: string };
  down: string[];
};

/** @param opened is called when a connection listens; what it throws ends the connection. @param closed when it is no more. */
export function keepConnected(
  { clock, random, log }: { clock: Clock; random: Random; log: Log },
  { source, secret, certificate, mqttUrl, will, down }: ConnectionConfig,
  limits: UplinkLimits,
  {
    opened,
    heard,
    closed,
  }: { opened: () => Promise<void>; heard: (topic: string, payload: Buffer) => void; closed: () => void },
): Connection {
  const closing = new AbortController();
  let client: MqttClient | undefined;

  const publish = async (topic: string, text: string, retain = false): Promise<void> => {
    const on = client;
    if (!on?.connected) throw new Error('not connected');
    try {
      const acknowledged = on.publishAsync(topic, text, { qos: 1, retain });
      await within(clock, limits.pubackMs, acknowledged, () => new Error('no PUBACK in time'));
    } catch (fault) {
      // a connection that does not acknowledge is none
      cut(on);
      throw fault;
    }
  };

  const listenOn = async (on: MqttClient) => {
    const granted = on.subscribeAsync(down, { qos: 1 });
    const grants = await within(clock, limits.pubackMs, granted, () => new Error('no SUBACK in time'));
    if (grants.some((grant) => grant.qos === 128)) throw new Error('the broker refuses the subscriptions');
  };

  /** One connection: resolves when it has ended, with how long it stood, ms. */
  const attend = async (): Promise<number> => {
    const on = connect(mqttUrl, {
      protocolVersion: 4,
      clean: true,
      clientId: source,
      username: source,
      ...(secret === undefined ? {} : { password: secret }),
      ...(certificate && {
        key: certificate.key,
        cert: certificate.certificate,
        ca: certificate.authority,
        rejectUnauthorized: true,
      }),
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
    on.on('error', (fault) => {
      log.debug('the connection to the server failed', faultDetails(fault));
      cut(on);
    });
    on.on('message', (topic, payload) => {
      if (client === on) heard(topic, payload);
    });
    on.once('connect', () => {
      since = clock.elapsed();
      client = on;
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
    return since === undefined ? 0 : clock.elapsed() - since;
  };

  const keep = async () => {
    const { firstMs, mostMs } = limits.backOff;
    let pauseMs = firstMs;
    while (!closing.signal.aborted) {
      const stoodMs = await attend();
      if (stoodMs >= mostMs) pauseMs = firstMs;
      // half of it by chance: a thousand homes must not knock at the same moment when a broker comes back
      await clock.sleep(pauseMs * (0.5 + random.next() / 2), closing.signal).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, mostMs);
    }
  };
  const kept = keep();

  return {
    isOpen: () => client?.connected === true,
    publish,
    listen: async () => {
      if (client?.connected) await listenOn(client);
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

/** At once. An `end` that waits for acknowledgements makes MQTT.js deaf to any further one, so its stream is closed for it. */
function cut(client: MqttClient): void {
  client.end(true);
  client.stream?.destroy();
}
