import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Outage, SetupFault } from '#domain/errors.ts';
import { type Clock, within } from '#runtime/clock.ts';
import { readLines } from './lines.ts';
import { Answer, type Question, socketName } from './words.ts';

/** A question at the control socket, and what comes back, one after the other until the agent has nothing more to say. */
export type Conversation = {
  answers: AsyncIterable<Answer>;
  givePasskey(digits: number | undefined): void;
  close(): void;
};

const connectMs = 3_000;

/**
 * @throws Outage `not-running` when no agent runs on this folder.
 * @throws SetupFault when it belongs to another account.
 */
export async function converse(clock: Clock, dataDir: string, question: Question): Promise<Conversation> {
  const socket = connect(join(dataDir, socketName));
  socket.on('error', () => {});
  try {
    await within(clock, connectMs, once(socket, 'connect'), () => new Error('late'));
  } catch (fault) {
    socket.destroy();
    const { code } = fault as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM')
      throw new SetupFault('The gateway belongs to another account: say this again with sudo.');
    throw new Outage('not-running', `no gateway is running on ${dataDir}`, { retry: false, cause: fault });
  }
  const answers = answersFrom(socket);
  socket.write(`${JSON.stringify(question)}\n`);
  return {
    answers,
    givePasskey: (digits) => socket.write(`${JSON.stringify({ passkey: digits ?? null })}\n`),
    close: () => socket.destroy(),
  };
}

/** The one answer to a question that has one. Rejects as `converse` does, and with an Outage for a `fault`. */
export async function ask(clock: Clock, dataDir: string, question: Question, ms = 20_000): Promise<Answer> {
  const { answers, close } = await converse(clock, dataDir, question);
  try {
    const first = answers[Symbol.asyncIterator]().next();
    const { value, done } = await within(clock, ms, first, () => new Outage('late', 'the gateway does not answer'));
    if (done) throw new Outage('late', 'the gateway went away');
    if (value.say === 'fault') throw new Outage(value.reason, `the gateway could not do it: ${value.reason}`);
    return value;
  } finally {
    close();
  }
}

export const isAnswered = (clock: Clock, dataDir: string): Promise<boolean> =>
  converse(clock, dataDir, { ask: 'state' }).then(
    ({ close }) => {
      close();
      return true;
    },
    () => false,
  );

async function* answersFrom(socket: Socket): AsyncGenerator<Answer> {
  const waiting: Answer[] = [];
  let over = socket.destroyed;
  let wake = () => {};
  const end = () => {
    over = true;
    wake();
  };
  readLines(
    socket,
    (json) => {
      const answer = Answer.safeParse(json);
      waiting.push(answer.success ? answer.data : { say: 'fault', reason: 'not-understood' });
      wake();
    },
    end,
  );
  socket.once('close', end);
  for (;;) {
    const next = waiting.shift();
    if (next) yield next;
    else if (over) return;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
}
