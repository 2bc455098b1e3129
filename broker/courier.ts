import type { Command } from '#domain/downward.ts';
import type { SourceId } from '#domain/ids.ts';
import type { Clock } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import { closeLateCommands, sourcesWithCommands, sweepCommands, takeCommands } from '#runtime/records/commands.ts';
import type { Records } from '#runtime/records/connect.ts';
import type { Sessions } from './sessions.ts';

/** Commands read at a time. */
const atOnce = 500;
/** Sources asked for at a time. */
const sourcesPerQuery = 1_000;

/**
 * Takes commands from the records to the homes that are connected here: when they are decided, when a home comes back, and again
 * until it has answered. What no home answers in time is closed. It remembers nothing that the records do not.
 */
export function createCourier(deps: {
  records: Records;
  sessions: Sessions;
  send: (source: SourceId, command: Command) => void;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}) {
  const { records, sessions, send, clock, log, metrics } = deps;
  const cameBack = new Set<SourceId>();
  let underWay = false;
  let away = false;

  const listens = (source: SourceId): boolean => sessions.find(source)?.subscribed.includes('commands') ?? false;

  const bring = async (sources: SourceId[], all: boolean): Promise<void> => {
    for (let at = 0; at < sources.length; at += sourcesPerQuery) {
      const some = sources.slice(at, at + sourcesPerQuery);
      // what was taken is not due again, so this ends; `all` is asked once, for a source has few that are open
      let taken = await takeCommands(records, { sources: some, now: clock.now(), limit: atOnce, all });
      for (;;) {
        for (const { source, command } of taken) send(source, command);
        metrics.commands.inc({ what: 'sent' }, taken.length);
        if (taken.length < atOnce) break;
        taken = await takeCommands(records, { sources: some, now: clock.now(), limit: atOnce });
      }
    }
  };

  const look = async (): Promise<void> => {
    if (underWay) return;
    underWay = true;
    let back: SourceId[] = [];
    try {
      do {
        back = [...cameBack];
        cameBack.clear();
        await bring(back.filter(listens), true);
        back = [];
        const due = await sourcesWithCommands(records, clock.now());
        // who has come back meanwhile is brought everything in the next turn, and nothing twice
        await bring(
          due.filter((source) => listens(source) && !cameBack.has(source)),
          false,
        );
        metrics.commands.inc({ what: 'too-late' }, await closeLateCommands(records, clock.now()));
      } while (cameBack.size > 0);
      away = false;
    } catch (fault) {
      if (!away) log.warn('commands wait in the records', faultDetails(fault));
      away = true;
      for (const source of back) cameBack.add(source);
    } finally {
      underWay = false;
    }
  };

  const sweep = async (): Promise<void> => {
    try {
      const swept = await sweepCommands(records, clock.now());
      if (swept > 0) log.info('commands that were closed long ago are gone', { swept });
    } catch (fault) {
      log.warn('old commands could not be swept', faultDetails(fault));
    }
  };

  return {
    look,
    sweep,
    /** The source has just begun to listen: it may have missed what was sent before. */
    cameBack(source: SourceId): void {
      cameBack.add(source);
      void look();
    },
  };
}
