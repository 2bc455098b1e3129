import mqtt from 'mqtt';
import type { CohortDevice, HeardCohortReading } from '#domain/cohort-file.ts';
import type { SourceId } from '#domain/ids.ts';
import type { ReadingsMessage } from '#domain/reading.ts';
import { topicOf } from '#domain/topics.ts';

/** How a home of a cohort speaks to the platform: over MQTT with its token, each message acknowledged from the journal's disk. */
export type Home = { send(heard: readonly HeardCohortReading[]): Promise<void>; leave(): Promise<void> };

/** The broker takes 64 KiB in a message, and 500 readings. */
const perMessage = 100;

export async function openHome(
  mqttUrl: string,
  home: { source: SourceId; token: string; devices: readonly CohortDevice[] },
): Promise<Home> {
  const { source, token, devices } = home;
  const client = await mqtt.connectAsync(mqttUrl, {
    protocolVersion: 4,
    clientId: source,
    username: source,
    password: token,
    reconnectPeriod: 2_000,
  });
  client.on('error', () => {});
  const modelOf = (heard: HeardCohortReading) =>
    devices.find(({ device }) => device === heard.reading.device)?.model ?? 'SIM';
  let sent = 0;
  return {
    async send(heard) {
      for (let from = 0; from < heard.length; from += perMessage) {
        const message: ReadingsMessage = {
          v: 1,
          readings: heard.slice(from, from + perMessage).map((one) => {
            const { id: _, source: __, ...told } = one.reading;
            return { ...told, ref: `${sent++}`, model: modelOf(one), clock: 'device' };
          }),
        };
        await client.publishAsync(topicOf(source, 'readings'), JSON.stringify(message), { qos: 1 });
      }
    },
    leave: () => client.endAsync(),
  };
}
