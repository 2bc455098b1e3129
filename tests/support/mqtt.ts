import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { SourceId } from '#domain/ids.ts';

/** A source that speaks MQTT, as a home's gateway does. */
export type Enrolled = { source: SourceId; secret: string };

/** Connected, or rejected with the CONNACK's error (`code` is its return code). Does not reconnect. */
export function connectAs(
  port: number,
  { source, secret }: Enrolled,
  options: IClientOptions = {},
): Promise<MqttClient> {
  const client = connect(`${options.protocol ?? 'mqtt'}://127.0.0.1:${port}`, {
    clientId: source,
    username: source,
    password: secret,
    reconnectPeriod: 0,
    connectTimeout: 5_000,
    ...options,
  });
  return new Promise((resolve, reject) => {
    client.once('connect', () => {
      // what ends a connection later is seen by its 'close'
      client.on('error', () => {});
      resolve(client);
    });
    client.once('error', (fault) => {
      client.end(true);
      reject(fault);
    });
    client.once('close', () => reject(new Error('closed without CONNACK')));
  });
}

/** `acknowledged`, or `closed` when the connection ended first. */
export function publish(
  client: MqttClient,
  topic: string,
  payload: string,
  options: { qos?: 0 | 1 | 2; retain?: boolean } = {},
): Promise<'acknowledged' | 'closed'> {
  return new Promise((resolve) => {
    const finish = (outcome: 'acknowledged' | 'closed') => {
      client.off('close', ended);
      resolve(outcome);
    };
    const ended = () => finish('closed');
    client.on('close', ended);
    client.publish(topic, payload, { qos: 1, ...options }, (fault) => finish(fault ? 'closed' : 'acknowledged'));
  });
}

export const closed = (client: MqttClient): Promise<void> =>
  client.connected ? new Promise((resolve) => client.once('close', () => resolve())) : Promise.resolve();
