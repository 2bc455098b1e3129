import mqtt from 'mqtt';
import { ReceiptsMessage } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import { type ReadingsMessage, samplesAtMost } from '#domain/reading.ts';
import { topicOf } from '#domain/topics.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import { type SignIn, tlsOptions } from '../../gateway-agent/uplink/connection.ts';

export type Sample = { takenAt: number; heartRate: number; oxygenSaturation: number; pulseRate: number };

export type Wearer = {
  /** Publishes samples and resolves when the broker has acknowledged them: from then on they are on its disk. */
  publish(samples: Sample[]): Promise<void>;
  /** There is another credential to sign in with. */
  signInAnew(): void;
  stop(): Promise<void>;
};

/** In one message; the broker takes 64 KiB. */
const seriesPerMessage = 6;

/**
 * A watch that speaks MQTT itself, with its own credentials: heart rate and oxygen saturation as two panels, many samples at even steps as two series.
 * @param options.refused what the platform did not admit, by reason; a watch has no memory in which to keep it aside.
 */
export async function createWearer(
  clock: Clock,
  options: {
    mqttUrl: string;
    source: SourceId;
    signIn: SignIn;
    device: string;
    model: string;
    refused(reasons: string[]): void;
  },
): Promise<Wearer> {
  const { source, signIn, device, model } = options;
  const client = await mqtt.connectAsync(options.mqttUrl, {
    protocolVersion: 4,
    clientId: source,
    username: source,
    clean: true,
    reconnectPeriod: 2_000,
    ...tlsOptions(signIn.current()),
    will: {
      topic: topicOf(source, 'status'),
      payload: Buffer.from(JSON.stringify({ v: 1, state: 'offline' })),
      qos: 1,
      retain: true,
    },
  });
  signIn.accepted(signIn.current());
  client.on('error', () => {});
  client.on('connect', () => {
    signIn.accepted(signIn.current());
    void sayOnline();
  });
  client.on('message', (_, payload) => {
    const { receipts } = ReceiptsMessage.parse(JSON.parse(payload.toString()));
    const refused = receipts.flatMap(({ outcome, reason, refused = [] }) => [
      ...(outcome === 'quarantined' ? [reason ?? 'no reason given'] : []),
      ...refused.map((sample) => sample.reason),
    ]);
    if (refused.length > 0) options.refused([...new Set(refused)]);
  });
  const sayOnline = async () => {
    const status = { v: 1, state: 'online', at: instant(clock.now()), software: model };
    await Promise.all([
      client.subscribeAsync(topicOf(source, 'receipts'), { qos: 1 }),
      client.publishAsync(topicOf(source, 'status'), JSON.stringify(status), { qos: 1, retain: true }),
    ]).catch(() => {});
  };
  await sayOnline();

  let counter = 0;
  const shared = () => ({
    ref: `${counter++}`,
    device,
    model,
    heardAt: instant(clock.now()),
    clock: 'device' as const,
  });
  const messageOf = (run: Sample[]): Pick<ReadingsMessage, 'readings' | 'series'> => {
    const [first, second] = run;
    if (!first || !second) return { readings: run.flatMap(readingsOf) };
    const grid = { start: instant(first.takenAt), stepMs: second.takenAt - first.takenAt };
    const column = (vital: 'heart-rate' | 'oxygen-saturation' | 'pulse-rate', unit: string, of: keyof Sample) => ({
      vital,
      unit,
      values: run.map((sample) => sample[of]),
    });
    return {
      readings: [],
      series: [
        { ...shared(), ...grid, panel: 'heart-rate', columns: [column('heart-rate', '/min', 'heartRate')] },
        {
          ...{ ...shared(), ...grid, panel: 'pulse-oximetry' },
          columns: [column('oxygen-saturation', '%', 'oxygenSaturation'), column('pulse-rate', '/min', 'pulseRate')],
        },
      ],
    };
  };
  const readingsOf = (sample: Sample): ReadingsMessage['readings'] => {
    const takenAt = instant(sample.takenAt);
    return [
      {
        ...{ ...shared(), takenAt, panel: 'heart-rate' },
        values: [{ vital: 'heart-rate', value: sample.heartRate, unit: '/min' }],
      },
      {
        ...{ ...shared(), takenAt, panel: 'pulse-oximetry' },
        values: [
          { vital: 'oxygen-saturation', value: sample.oxygenSaturation, unit: '%' },
          { vital: 'pulse-rate', value: sample.pulseRate, unit: '/min' },
        ],
      },
    ];
  };
  return {
    async publish(samples) {
      const runs = evenRuns(samples);
      for (let from = 0; from < runs.length; from += seriesPerMessage / 2) {
        const parts = runs.slice(from, from + seriesPerMessage / 2).map(messageOf);
        const message: ReadingsMessage = {
          v: 1,
          readings: parts.flatMap(({ readings }) => readings),
          series: parts.flatMap(({ series = [] }) => series),
        };
        await client.publishAsync(topicOf(source, 'readings'), JSON.stringify(message), { qos: 1 });
      }
    },
    signInAnew: () => {
      Object.assign(client.options, tlsOptions(signIn.current()));
      client.reconnect();
    },
    stop: () => client.endAsync(),
  };
}

/** Samples at even steps, no longer than a series may be. */
export function evenRuns(samples: readonly Sample[]): Sample[][] {
  const runs: Sample[][] = [];
  for (const sample of samples) {
    const run = runs.at(-1);
    const [first, second] = run ?? [];
    const last = run?.at(-1);
    const stepMs = first && second ? second.takenAt - first.takenAt : undefined;
    const goesOn = last && (stepMs === undefined || sample.takenAt - last.takenAt === stepMs);
    if (run && goesOn && run.length < samplesAtMost) run.push(sample);
    else runs.push([sample]);
  }
  return runs;
}
