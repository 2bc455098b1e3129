import mqtt from 'mqtt';
import type { ReadingsMessage } from '#domain/reading.ts';
import { topicOf } from '#domain/topics.ts';
import { instant } from '#runtime/clock.ts';
import { type Random, seededRandom } from '#runtime/random.ts';
import { type SignIn, tlsOptions } from '../../gateway-agent/uplink/connection.ts';
import { historyOf, wearableHistoryOf } from '../physiology/history.ts';
import { createPhysiology, type PhysiologyProfile } from '../physiology/physiology.ts';
import { furtherDevices } from './further-devices.ts';
import type { Resident } from './people.ts';
import type { Sample } from './wearer.ts';

/** How long a history every chart begins with. */
export const historyDays = 30;
const dayMs = 86_400_000;
const perMessage = 100;
const wearableEveryMs = 2 * 3_600_000;

/** The body of a resident: the same for the history and for the days to come, as long as the seed is the same. */
export function bodyOf(resident: Resident, settledAt: number): PhysiologyProfile {
  return {
    ...resident.usual,
    utcOffsetMinutes: 480,
    // COPD in the one, healthy lungs in the other
    oxygenSaturation: resident.patient.conditions.some((c) => c.en === 'COPD') ? 92 : 97,
    ...(resident.rising ? { drift: { from: settledAt - 8 * dayMs, mmHg: resident.rising, days: 3 } } : {}),
  };
}

const seedOf = (resident: Resident): number => Number(resident.home.source.slice(-2)) * 7919;
export const randomOf = (resident: Resident): Random => seededRandom(seedOf(resident));

type Span = { settledAt: number; from: number; to: number };
type HomeReading = ReadingsMessage['readings'][number];

/** What the cuff measured, oldest first. @param span.from ms since 1970, inclusive. @param span.to exclusive. */
export function cuffHistory(resident: Resident, { settledAt, from, to }: Span, heardAt: number): HomeReading[] {
  const { device, model } = resident.home;
  const plan = { from, to, timesPerDay: 2, adherence: 0.92 } as const;
  return historyOf(randomOf(resident), bodyOf(resident, settledAt), plan).map(
    ({ takenAt, systolic, diastolic, mean, pulse }, index) => ({
      ...before(`history-${index}`, takenAt, heardAt),
      device,
      model,
      panel: 'blood-pressure',
      values: [
        { vital: 'systolic', value: systolic, unit: 'mm[Hg]' },
        { vital: 'diastolic', value: diastolic, unit: 'mm[Hg]' },
        { vital: 'mean-arterial-pressure', value: mean, unit: 'mm[Hg]' },
        { vital: 'pulse-rate', value: pulse, unit: '/min' },
      ],
    }),
  );
}

/** What the device beside the cuff measured, of the same body. */
export function furtherHistory(resident: Resident, { settledAt, from, to }: Span, heardAt: number): HomeReading[] {
  const { further } = resident.home;
  if (!further) return [];
  const { panel, valuesOf, momentsBefore } = furtherDevices[further.kind];
  const profile = bodyOf(resident, settledAt);
  const body = createPhysiology(randomOf(resident), profile);
  return momentsBefore(seedOf(resident) + 1, profile, from, to).map((takenAt, index) => ({
    ...before(`further-${index}`, takenAt, heardAt),
    device: further.device,
    model: further.model,
    panel,
    values: valuesOf(body, takenAt),
  }));
}

const before = (ref: string, takenAt: number, heardAt: number) => ({
  ref,
  takenAt: instant(takenAt),
  clock: 'device' as const,
  heardAt: instant(heardAt),
});

export function watchHistory(resident: Resident, settledAt: number, from: number, to: number): Sample[] {
  const plan = { from, to, everyMs: wearableEveryMs };
  return wearableHistoryOf(randomOf(resident), bodyOf(resident, settledAt), plan);
}

/**
 * Sends what a home measured before anybody was listening, as its gateway would after weeks without a link: over MQTT,
 * with the home's own credentials, each message acknowledged from the journal's disk.
 */
export async function sendHistory(
  options: { mqttUrl: string; signIn: SignIn },
  resident: Resident,
  readings: readonly HomeReading[],
): Promise<void> {
  if (readings.length === 0) return;
  const { source } = resident.home;
  const client = await mqtt.connectAsync(options.mqttUrl, {
    protocolVersion: 4,
    clientId: source,
    username: source,
    ...tlsOptions(options.signIn.current()),
    reconnectPeriod: 0,
  });
  for (let from = 0; from < readings.length; from += perMessage) {
    const message: ReadingsMessage = { v: 1, readings: readings.slice(from, from + perMessage) };
    await client.publishAsync(topicOf(source, 'readings'), JSON.stringify(message), { qos: 1 });
  }
  await client.endAsync();
}
