import { z } from 'zod';
import { Command, type CommandAnswer } from '#domain/downward.ts';
import { instant } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { CommandOutcome } from '../commands.ts';
import type { Answers } from '../outbox/answers.ts';
import type { UplinkLimits } from './limits.ts';
import type { ServerTime } from './server-time.ts';

/**
 * What the server asks for is handed on once, and answered as often as it is asked: the answer is on disk before it is sent, and stays until the
 * broker has it. A process that dies while it acts on a command acts on it again when it comes again.
 */
export interface Answering {
  /** A message on the commands topic. */
  hear(json: unknown): void;
  /** Sends what waits, one after the other. */
  flush(): Promise<void>;
}

export function createAnswering(
  { answers, serverTime, log }: { answers: Answers; serverTime: ServerTime; log: Log },
  limits: UplinkLimits,
  { run, publish }: { run: (command: Command) => Promise<CommandOutcome>; publish: (text: string) => Promise<void> },
): Answering {
  const underWay = new Set<string>();
  let flushing = false;

  const flush = async () => {
    if (flushing) return;
    flushing = true;
    try {
      for (let [next] = answers.waiting(1); next; [next] = answers.waiting(1)) {
        await publish(next.message);
        answers.acknowledged(next.command);
      }
    } catch (fault) {
      log.debug('an answer could not be published, it stays on disk', faultDetails(fault));
    } finally {
      flushing = false;
    }
  };

  const keep = (id: string, outcome: CommandOutcome) => {
    const answer: CommandAnswer = { v: 1, id, ...outcome, at: instant(serverTime.now()) };
    answers.keep(id, JSON.stringify(answer));
  };

  const act = async (command: Command) => {
    const { id } = command;
    underWay.add(id);
    try {
      const outcome = await run(command).catch((fault): CommandOutcome => {
        log.error('a command could not be acted on', faultDetails(fault));
        return { outcome: 'refused', reason: 'fault' };
      });
      keep(id, outcome);
    } finally {
      underWay.delete(id);
    }
    await flush();
  };

  const hear = (json: unknown): Promise<void> | undefined => {
    const named = Named.safeParse(json);
    if (!named.success) return void log.warn('a command is malformed');
    const { id } = named.data;
    if (underWay.has(id) || underWay.size >= limits.commands) return undefined;
    if (answers.to(id) !== undefined) {
      answers.again(id);
      return flush();
    }
    const command = Command.safeParse(json);
    if (command.success && Date.parse(command.data.by) >= serverTime.now()) return act(command.data);
    keep(id, command.success ? { outcome: 'too-late' } : { outcome: 'refused', reason: 'not-understood' });
    return flush();
  };

  return {
    hear: (json) => {
      const failed = (fault: unknown) =>
        log.error('an answer could not be kept, the command will come again', faultDetails(fault));
      try {
        hear(json)?.catch(failed);
      } catch (fault) {
        failed(fault);
      }
    },
    flush,
  };
}

/** Of a command that is not understood its id is enough to say so. */
const Named = z.object({ v: z.literal(1), id: z.uuid() });
