import mqtt from 'mqtt';
import type { ReadingsMessage } from '#domain/reading.ts';
import { topicOf } from '#domain/topics.ts';
import { instant } from '#runtime/clock.ts';
import { type Random, seededRandom } from '#runtime/random.ts';
import { type HomeMeasurement, historyOf, wearableHistoryOf } from '../physiology/history.ts';
import type { PhysiologyProfile } from '../physiology/physiology.ts';
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

export const randomOf = (resident: Resident): Random => seededRandom(Number(resident.home.source.slice(-2)) * 7919);

export function cuffHistory(resident: Resident, settledAt: number, from: number, to: number): HomeMeasurement[] {
  return historyOf(randomOf(resident), bodyOf(resident, settledAt), { from, to, timesPerDay: 2, adherence: 0.92 });
}

export function watchHistory(resident: Resident, settledAt: number, from: number, to: number): Sample[] {
  const plan = { from, to, everyMs: wearableEveryMs };
  return wearableHistoryOf(randomOf(resident), bodyOf(resident, settledAt), plan);
}

/**
 * Sends what a home measured before anybody was listening, as its gateway would after weeks without a link: over MQTT,
 * with the home's own credentials, each message acknowledged from the journal's disk.
 */
export async function sendHistory(
  options: { mqttUrl: string; token: string; now: number },
  resident: Resident,
  history: HomeMeasurement[],
): Promise<void> {
  if (history.length === 0) return;
  const { source, device, model } = resident.home;
  const client = await mqtt.connectAsync(options.mqttUrl, {
    protocolVersion: 4,
    clientId: source,
    username: source,
    password: options.token,
    reconnectPeriod: 0,
  });
  const readings = history.map((measurement, index): ReadingsMessage['readings'][number] => ({
    ref: `history-${index}`,
    device,
    model,
    panel: 'blood-pressure',
    values: [
      { vital: 'systolic', value: measurement.systolic, unit: 'mm[Hg]' },
      { vital: 'diastolic', value: measurement.diastolic, unit: 'mm[Hg]' },
      { vital: 'mean-arterial-pressure', value: measurement.mean, unit: 'mm[Hg]' },
      { vital: 'pulse-rate', value: measurement.pulse, unit: '/min' },
    ],
    takenAt: instant(measurement.takenAt),
    clock: 'device',
    heardAt: instant(options.now),
  }));
  for (let from = 0; from < readings.length; from += perMessage) {
    const message: ReadingsMessage = { v: 1, readings: readings.slice(from, from + perMessage) };
    await client.publishAsync(topicOf(source, 'readings'), JSON.stringify(message), { qos: 1 });
  }
  await client.endAsync();
}
