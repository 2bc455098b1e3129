import type { Random } from '#runtime/random.ts';
import { chanceOf } from './noise.ts';
import { type BloodPressure, createPhysiology, type PhysiologyProfile, type PulseOximetry } from './physiology.ts';

/** What somebody has measured at home over weeks, so that no chart begins empty. Times are ms since 1970, oldest first. */
export type HomeMeasurement = BloodPressure & { takenAt: number };
export type WearableSample = PulseOximetry & { takenAt: number; heartRate: number };

/**
 * Blood pressure as people are asked to measure it at home: morning and evening, two readings one to two minutes apart
 * (ESH position on home monitoring 2021, PMC8030885), with sessions and whole days left out.
 *
 * A stretch of time gives the same measurements whichever `from` and `to` it is asked with.
 *
 * @param plan.from inclusive, ms since 1970. @param plan.to exclusive. @param plan.adherence share of sessions that are held, 0 to 1.
 */
export function historyOf(
  random: Random,
  profile: PhysiologyProfile,
  plan: { from: number; to: number; timesPerDay?: 1 | 2 | 3; adherence?: number },
): HomeMeasurement[] {
  const body = createPhysiology(random, profile);
  const { timesPerDay = 2, adherence = 0.9 } = plan;
  const hours = sessionHours[timesPerDay];
  return sessionsOf(random, profile, { from: plan.from, to: plan.to, hours, adherence, twice: true }).map(
    (takenAt) => ({
      takenAt,
      ...body.bloodPressureAt(takenAt),
    }),
  );
}

/**
 * When somebody measures who does so at these local hours, about: ms since 1970, oldest first. Sessions and whole days are left out.
 * @param plan.from inclusive. @param plan.to exclusive. @param plan.adherence 0 to 1. @param plan.twice a second time a minute or two later.
 */
export function sessionsOf(
  random: Random,
  profile: PhysiologyProfile,
  plan: { from: number; to: number; hours: readonly number[]; adherence: number; twice?: boolean },
): number[] {
  const seed = Math.floor(random.next() * 2 ** 32);
  const offsetMs = (profile.utcOffsetMinutes ?? 0) * 60_000;
  const sessions: number[] = [];
  for (let day = localDay(plan.from, offsetMs) - 1; day <= localDay(plan.to, offsetMs); day++) {
    for (const localMs of momentsOf(chanceOf(seed, day), plan.hours, plan.adherence, plan.twice ?? false)) {
      const takenAt = day * dayMs + localMs - offsetMs;
      if (takenAt >= plan.from && takenAt < plan.to) sessions.push(takenAt);
    }
  }
  return sessions;
}

/** @param plan.everyMs between two samples, which lie on whole multiples of it. */
export function wearableHistoryOf(
  random: Random,
  profile: PhysiologyProfile,
  plan: { from: number; to: number; everyMs: number },
): WearableSample[] {
  const body = createPhysiology(random, profile);
  const samples: WearableSample[] = [];
  for (let at = Math.ceil(plan.from / plan.everyMs) * plan.everyMs; at < plan.to; at += plan.everyMs)
    samples.push({ takenAt: at, heartRate: body.heartRateAt(at), ...body.pulseOximetryAt(at) });
  return samples;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
const sessionHours = { 1: [7.25], 2: [7.25, 20.5], 3: [7.25, 13, 20.5] } as const;
/** People keep their hours to about half an hour. */
const jitterMs = 30 * minuteMs;
/** Of what is missed, so much is missed by whole days (away, unwell), the rest by single sessions. */
const shareOfWholeDays = 0.5;

const localDay = (ms: number, offsetMs: number) => Math.floor((ms + offsetMs) / dayMs);

/** The moments of one day, ms since its local midnight, whole seconds. */
function momentsOf({ next }: Random, hours: readonly number[], adherence: number, twice: boolean): number[] {
  const dayMissed = (1 - adherence) * shareOfWholeDays;
  const sessionMissed = 1 - adherence / (1 - dayMissed);
  if (next() < dayMissed) return [];
  const moments: number[] = [];
  for (const hour of hours) {
    const first = hour * 60 * minuteMs + (next() * 2 - 1) * jitterMs;
    const second = first + (1 + next()) * minuteMs;
    if (next() >= sessionMissed) moments.push(...(twice ? [first, second] : [first]).map(wholeSecond));
  }
  return moments;
}

const wholeSecond = (ms: number) => Math.round(ms / 1000) * 1000;
