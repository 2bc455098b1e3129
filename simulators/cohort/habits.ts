import { chanceOf } from '../physiology/noise.ts';

/** How somebody measures, and what goes wrong with it; drawn once for each person. Shares are 0 to 1. */
export type Habits = {
  /** Sessions held of those asked for. */
  adherence: number;
  /** Hours that this person's day lies after other people's. */
  lateness: number;
  /** How often readings go wrong compared with others: 1 is usual. */
  carelessness: number;
  /** Measures again after a value that frightens, or when asked to. */
  repeats: number;
  /** Tells the doctor's cuff at home: mmHg more on the first day (ESH 2021: 2.8/1.4 on average), gone after the third. */
  firstDayMmHg: number;
  /** Somebody else at home uses cuff and scale. */
  spouse: { systolic: number; diastolic: number; pulse: number; weightKg: number } | null;
  /** ms since 1970. `told`: the care team knows of it. */
  holidays: { from: number; to: number; told: boolean }[];
  /** The home's link is down: what is measured stays in the gateway until the end. ms since 1970. */
  outages: { from: number; to: number }[];
  /** A battery dies at `from` and is changed at `to`, for each number of device; it says so three days before. */
  flatBatteries: { nth: number; from: number; to: number }[];
  /** The clock of the devices is off by so much and nothing corrects it; ms, positive: ahead. */
  clockOffMs: number;
};

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Shares are engineering choices, but for adherence: in studies of home monitoring most people hold 70 to 95 of 100 sessions. */
export function habitsOf(seed: number, { from, to }: { from: number; to: number }): Habits {
  const { next } = chanceOf(seed, 1);
  const within = (low: number, high: number) => low + (high - low) * next();
  const sometimes = (everyDays: number, lasts: () => number) => {
    const stretches: { from: number; to: number }[] = [];
    for (let at = from - Math.log(1 - next()) * everyDays * dayMs; at < to; ) {
      const end = at + lasts();
      stretches.push({ from: Math.round(at), to: Math.round(end) });
      at = end - Math.log(1 - next()) * everyDays * dayMs;
    }
    return stretches;
  };
  const clock = next();
  return {
    adherence: 0.7 + 0.28 * Math.sqrt(next()),
    lateness: within(-0.7, 1.2),
    carelessness: 0.4 + 1.4 * next() ** 2,
    repeats: within(0.6, 0.97),
    firstDayMmHg: within(-1, 6.6),
    spouse:
      next() < 0.25
        ? {
            systolic: within(108, 150),
            diastolic: within(66, 90),
            pulse: within(58, 84),
            weightKg: within(48, 92),
          }
        : null,
    holidays: sometimes(200, () => within(4, 15) * dayMs).map((away) => ({ ...away, told: next() < 0.6 })),
    outages: sometimes(45, () => 0.5 * hourMs * Math.exp(3.6 * next())),
    flatBatteries: sometimes(350, () => within(1, 6) * dayMs).map((flat) => ({
      ...flat,
      nth: Math.floor(next() * 3),
    })),
    clockOffMs: clock < 0.02 ? -hourMs : clock < 0.05 ? Math.round(within(120, 480)) * 1000 : 0,
  };
}
