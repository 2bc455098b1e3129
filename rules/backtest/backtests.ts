import type { BacktestFault } from '#domain/backtest.ts';
import { Outage } from '#domain/errors.ts';
import { type Clock, instant } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import { recordsAway } from '#runtime/records/away.ts';
import {
  backtestChannel,
  type ClaimedBacktest,
  claimBacktest,
  finishBacktest,
  forgetBacktests,
  holdBacktest,
  releaseBacktest,
} from '#runtime/records/backtests.ts';
import type { Records } from '#runtime/records/connect.ts';
import { type Listening, listenTo } from '#runtime/records/listening.ts';
import { patientsToReplay } from '#runtime/records/plans.ts';
import type { VitalsAddress } from '#runtime/servers/vitals.ts';
import type { Service } from '#runtime/service.ts';
import { answerBacktest, TooLarge } from './run.ts';

/**
 * Answers backtests and forecasts, one at a time, on a thread of their own: judging live goes before. PostgreSQL remembers them, NOTIFY
 * wakes us, and a look every so often finds what nobody told of, or what somebody died with.
 */
export function createBacktests(
  deps: { records: Records; clock: Clock; log: Log },
  config: { databaseUrl: string; address: VitalsAddress },
): Service {
  const { records, clock } = deps;
  const log = deps.log.child({ service: 'backtests' });
  const stopping = new AbortController();
  let working: Promise<void> | undefined;
  let again = false;
  let listening: Listening | undefined;
  let stopLooking = () => {};
  let stopForgetting = () => {};
  /** Of the one in hand: was it cancelled? */
  let check = () => {};

  const look = (): void => {
    if (stopping.signal.aborted) return;
    check();
    again = true;
    working ??= workOff()
      .catch((fault) => {
        if (!recordsAway(fault)) log.error('backtests could not be looked for', faultDetails(fault));
      })
      .finally(() => {
        working = undefined;
        if (again) look();
      });
  };

  async function workOff(): Promise<void> {
    again = false;
    while (!stopping.signal.aborted) {
      const claimed = await claimBacktest(records, clock.now(), clock.now() + leaseMs);
      if (!claimed) return;
      await work(claimed);
    }
  }

  async function work(claimed: ClaimedBacktest): Promise<void> {
    if (claimed.attempts > attemptsAtMost) return finish(claimed, { fault: 'fault' });
    const lost = new AbortController();
    let share = 0;
    const hold = async () => {
      try {
        if (!(await holdBacktest(records, claimed, share, clock.now() + leaseMs)))
          lost.abort(new Error('it is ours no more'));
      } catch (fault) {
        // nobody else can take it either while PostgreSQL is away; a fault here must not end who judges
        if (!recordsAway(fault)) log.warn('a backtest could not be held', faultDetails(fault));
      }
    };
    check = () => void hold();
    const stopHolding = clock.every(holdEveryMs, () => void hold());
    try {
      const { wish, kind, team } = claimed;
      const span = { from: Date.parse(wish.from), to: Date.parse(wish.to) };
      const patients = await patientsToReplay(records, team, wish.patients);
      const answer = await answerBacktest(
        { history: { in: 'store', address: config.address, patients }, kind, set: wish.set, span, people: wish.people },
        wish.rules,
        {
          signal: AbortSignal.any([lost.signal, stopping.signal]),
          onProgress: (done) => {
            share = done;
          },
        },
      );
      await finish(claimed, { ...answer, patients: patients.map(({ patient }) => patient) });
    } catch (fault) {
      if (stopping.signal.aborted) await releaseBacktest(records, claimed);
      else if (!lost.signal.aborted) {
        if (recordsAway(fault)) throw fault;
        log.warn('a backtest failed', { kind: claimed.kind, ...faultDetails(fault) });
        await finish(claimed, { fault: wordFor(fault) });
      }
    } finally {
      stopHolding();
      check = () => {};
    }
  }

  const finish = (claimed: ClaimedBacktest, end: Parameters<typeof finishBacktest>[2]): Promise<void> =>
    records.transaction().execute((db) => finishBacktest(db, claimed, end, instant(clock.now())));

  const forget = (): void =>
    void forgetBacktests(records, instant(clock.now() - keptDays * 86_400_000)).catch((fault) => {
      if (!recordsAway(fault)) log.warn('old backtests could not be forgotten', faultDetails(fault));
    });

  return {
    name: 'backtests',
    async start() {
      listening = listenTo(config.databaseUrl, clock, backtestChannel, look, look);
      stopLooking = clock.every(lookEveryMs, look);
      stopForgetting = clock.every(forgetEveryMs, forget);
      look();
    },
    async stop() {
      stopping.abort(new Error('backtests stop'));
      stopLooking();
      stopForgetting();
      await listening?.stop();
      await working;
    },
    health: () => ({ state: 'ok' }),
  };
}

const wordFor = (fault: unknown): BacktestFault =>
  fault instanceof TooLarge ? 'too-large' : fault instanceof Outage ? 'history-away' : 'fault';

/** Who does not say for so long that they are at it is dead. */
const leaseMs = 20_000;
const holdEveryMs = 3_000;
const lookEveryMs = 20_000;
/** It ended three processes: it shall not end a fourth. */
const attemptsAtMost = 3;
const keptDays = 60;
const forgetEveryMs = 3_600_000;
