import mqtt from 'mqtt';
import type { SourceId } from '#domain/ids.ts';
import type { ReadingsMessage } from '#domain/reading.ts';
import { topicOf } from '#domain/topics.ts';
import { type Clock, instant } from '#runtime/clock.ts';

export type Sample = { takenAt: number; heartRate: number; oxygenSaturation: number; pulseRate: number };

export type Wearer = {
  /** Publishes samples and resolves when the broker has acknowledged them: from then on they are on its disk. */
  publish(samples: Sample[]): Promise<void>;
  stop(): Promise<void>;
};

/** A watch that speaks MQTT itself, with its own credentials: heart rate and oxygen saturation as two panels a sample. */
export async function createWearer(
  clock: Clock,
  options: { mqttUrl: string; source: SourceId; token: string; device: string; model: string },
): Promise<Wearer> {
  const client = await mqtt.connectAsync(options.mqttUrl, {
    protocolVersion: 4,
    clientId: options.source,
    username: options.source,
    password: options.token,
    clean: true,
    reconnectPeriod: 2_000,
    will: {
      topic: topicOf(options.source, 'status'),
      payload: Buffer.from(JSON.stringify({ v: 1, state: 'offline' })),
      qos: 1,
      retain: true,
    },
  });
  client.on('error', () => {});
  client.on('connect', () => void sayOnline());
  const sayOnline = () =>
    client
      .publishAsync(
        topicOf(options.source, 'status'),
        JSON.stringify({ v: 1, state: 'online', at: instant(clock.now()), software: options.model }),
        { qos: 1, retain: true },
      )
      .catch(() => {});
  await sayOnline();

  let counter = 0;
  const readingsOf = (sample: Sample): ReadingsMessage['readings'] => {
    const common = {
      device: options.device,
      model: options.model,
      takenAt: instant(sample.takenAt),
      heardAt: instant(clock.now()),
      clock: 'device' as const,
    };
    return [
      {
        ...common,
        ref: `${counter++}`,
        panel: 'heart-rate',
        values: [{ vital: 'heart-rate', value: sample.heartRate, unit: '/min' }],
      },
      {
        ...common,
        ref: `${counter++}`,
        panel: 'pulse-oximetry',
        values: [
          { vital: 'oxygen-saturation', value: sample.oxygenSaturation, unit: '%' },
          { vital: 'pulse-rate', value: sample.pulseRate, unit: '/min' },
        ],
      },
    ];
  };
  return {
    async publish(samples) {
      for (let from = 0; from < samples.length; from += 50) {
        const message: ReadingsMessage = { v: 1, readings: samples.slice(from, from + 50).flatMap(readingsOf) };
        await client.publishAsync(topicOf(options.source, 'readings'), JSON.stringify(message), { qos: 1 });
      }
    },
    stop: () => client.endAsync(),
  };
}
