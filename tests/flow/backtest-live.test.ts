import { expect, it } from 'vitest';
import { onCallStep } from '#domain/escalation.ts';
import type { DeviceId } from '#domain/ids.ts';
import type { Reading } from '#domain/reading.ts';
import { type PanelName, vitals, vitalsOf } from '#domain/vitals.ts';
import { type Clock, instant, systemClock } from '#runtime/clock.ts';
import { createDownlink } from '#runtime/downlink.ts';
import { silentLog as log } from '#runtime/log.ts';
import { createMetrics } from '#runtime/metrics.ts';
import { type Random, seededRandom } from '#runtime/random.ts';
import { changePlan, patientsToReplay } from '#runtime/records/plans.ts';
import { createPostgresStore } from '#runtime/vitals-store-postgres.ts';
import { createIngest } from '../../ingest/ingest.ts';
import { livesInStore } from '../../rules/backtest/lives.ts';
import { replay } from '../../rules/backtest/replay.ts';
import { openWard } from '../support/judged-ward.ts';
import { makeDevice } from '../support/people.ts';
import { until } from '../support/until.ts';

/**
 * The law of the backtest: what the judge made of readings live, with journal, locks, agenda and memories between them, the replay makes
 * of them again from the store.
 */

const minute = 60_000;
const day = 24 * 60 * minute;
const begin = Date.UTC(2026, 2, 2, 6);

/** Far and near of every kind of limit. */
const measurements: readonly { panel: PanelName; values: readonly (readonly number[])[] }[] = [
  {
    panel: 'blood-pressure',
    values: [
      [192, 121],
      [186, 96],
      [178, 116],
      [146, 88],
      [124, 78],
      [86, 57],
      [92, 61],
    ],
  },
  { panel: 'glucose', values: [[48], [62], [110], [320]] },
  { panel: 'pulse-oximetry', values: [[97], [91], [84]] },
  { panel: 'body-temperature', values: [[36.6], [38.4], [39.4]] },
  { panel: 'body-weight', values: [[80], [80.6], [82.7]] },
];

type Told = { at: number; reading: Partial<Reading> };

/** Three days in a home in which much goes wrong: crises and calm, artefacts, what comes late, what comes twice. */
function story(random: Random, devices: ReadonlyMap<PanelName, DeviceId>): Told[] {
  const one = <T>(of: readonly T[]): T => of[Math.floor(random.next() * of.length)]!;
  const told: Told[] = [];
  let { panel, values } = one(measurements);
  for (let at = begin; at < begin + 3 * day; ) {
    const device = devices.get(panel)!;
    const chosen = one(values);
    const taken = random.next() < 0.1 ? at - 90 * minute : at - 2_000;
    const reading: Partial<Reading> = {
      ...{ ref: `${told.length}`, device, panel, clock: 'source' },
      values: vitalsOf(panel)
        .slice(0, chosen.length)
        .map((vital, i) => ({ vital, value: chosen[i]!, unit: vitals[vital].ucum })),
      takenAt: instant(Math.round(taken)),
      heardAt: instant(Math.round(at - 1_000)),
      marks: random.next() < 0.1 ? ['body-movement'] : [],
    };
    told.push({ at: Math.round(at), reading });
    if (random.next() < 0.1) told.push({ at: Math.round(at + 500), reading: one(told).reading });
    // sessions of a few minutes, some of them again and again of the same vital sign, with hours between them
    at += random.next() < 0.7 ? (0.6 + 4 * random.next()) * minute : (1 + 10 * random.next()) * 60 * minute;
    if (random.next() < 0.4) ({ panel, values } = one(measurements));
  }
  return told;
}

it.for([1, 8])(
  'a history replayed ends in the alerts and calls that it ended in live (story %i)',
  async (seed, test) => {
    let now = begin - minute;
    const clock: Clock = { ...systemClock, now: () => now };
    // the last call is an hour after the first, as the replay has it
    const ward = await openWard(test, {
      clock,
      escalation: { steps: [onCallStep(0, 0), onCallStep(3_600, 1)], repeatAfterSeconds: 3_600, rounds: 1 },
    });
    const { records, patient, source } = ward;
    const store = await createPostgresStore({ records, clock, log });
    const { journal, agenda } = ward.judging();
    const ingest = createIngest({
      ...{ journal, store, records, clock, log },
      downlink: createDownlink(),
      metrics: createMetrics(),
    });
    await ingest.start();
    test.onTestFinished(ingest.stop);
    await changePlan(
      records,
      patient,
      { part: 'programmes', programmes: ['hypertension', 'heart-failure', 'diabetes'] },
      { by: ward.first.id, at: instant(now) },
    );
    const devices = new Map<PanelName, DeviceId>([['blood-pressure', ward.device]]);
    for (const { panel } of measurements.slice(1))
      devices.set(panel, await makeDevice(records, { source, patient: patient.id, id: panel }));

    /** What is due before then, countdowns and calls, happens when it is due. */
    const passUntil = async (then: number) => {
      for (;;) {
        const entry = await records
          .selectFrom('agenda')
          .select(['key', 'due_at'])
          .where('kind', 'in', ['confirmation-lapse', 'page-step'])
          .where('done_at', 'is', null)
          .where('due_at', '<', new Date(then))
          .orderBy('due_at')
          .executeTakeFirst();
        if (!entry) break;
        // what is due so long is run by whoever looks, without the queue
        now = Math.max(now, entry.due_at.getTime() + 6_000);
        agenda.nudge();
        await until(async () => {
          agenda.nudge();
          const row = await records
            .selectFrom('agenda')
            .select('done_at')
            .where('key', '=', entry.key)
            .executeTakeFirst();
          return !row || row.done_at !== null;
        });
      }
      now = Math.max(now, then);
    };

    const told = story(seededRandom(seed), devices);
    for (const { at, reading } of told) {
      await passUntil(at);
      await ward.send([reading], at);
    }
    await passUntil(now + day);

    const journalled = await records
      .selectFrom('alert_event')
      .innerJoin('alert', 'alert.id', 'alert_event.alert_id')
      .select(['alert.problem', 'alert_event.detail'])
      .orderBy('alert_event.id')
      .execute();
    const live = {
      alerts: (await ward.alerts())
        .map(({ problem, severity, state }) => `${problem}: ${severity}${state === 'resolved' ? ', over' : ''}`)
        .sort(),
      calls: journalled.flatMap(({ problem, detail }) => {
        const { calls, rule } = detail as { calls?: boolean; rule?: string };
        return calls ? [`${problem}: ${rule}`] : [];
      }),
    };
    expect(live.alerts.length).toBeGreaterThan(1);
    expect(live.calls.length).toBeGreaterThan(1);

    const span = { from: begin - day, to: now };
    const people = { acknowledgeAfterMinutes: null, closeAfterHours: null };
    for await (const life of livesInStore(store, await patientsToReplay(records, ward.team, []), span)) {
      const [outcome] = replay([life.patient], life.heard, { span, people }).outcomes;
      expect({
        alerts: outcome!.alerts
          .map(({ problem, severity, resolvedAt }) => `${problem}: ${severity}${resolvedAt === null ? '' : ', over'}`)
          .sort(),
        calls: outcome!.pages.map(({ problem, rule }) => `${problem}: ${rule}`),
      }).toEqual(live);
    }
  },
);
