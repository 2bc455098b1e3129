import { once } from 'node:events';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { SetupFault } from '#domain/errors.ts';
import { type Clock, within } from '#runtime/clock.ts';
import { faultDetails, type Log } from '#runtime/log.ts';
import type { Service } from '#runtime/service.ts';
import type { GatewayAgent } from '../agent.ts';
import { isAnswered } from './client.ts';
import { readLines } from './lines.ts';
import { type Answer, controlLimits, Passkey, Question, socketName } from './words.ts';

/** The control socket of a running agent: the way in for the command line, and for nobody else's account. */
export function createControl(
  { agent, clock, log }: { agent: GatewayAgent; clock: Clock; log: Log },
  dataDir: string,
): Service {
  const path = join(dataDir, socketName);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => attend(socket));
  server.maxConnections = controlLimits.connections;

  const attend = (socket: Socket) => {
    sockets.add(socket);
    const gone = new AbortController();
    let passkeyGiven: ((digits: number | undefined) => void) | undefined;
    let asked = false;
    const say = (answer: Answer) => {
      if (socket.destroyed) return;
      socket.write(`${JSON.stringify(answer)}\n`);
      if (socket.writableLength > controlLimits.unreadBytes) socket.destroy();
    };
    const refuse = (reason: string) => {
      say({ say: 'fault', reason });
      socket.end();
    };
    const stopWaiting = clock.after(controlLimits.askWithinMs, () => refuse('nothing-asked'));
    socket.on('error', () => {});
    socket.once('close', () => {
      sockets.delete(socket);
      stopWaiting();
      gone.abort();
      passkeyGiven?.(undefined);
    });
    const askPasskey = async (): Promise<number | undefined> => {
      const { promise, resolve } = Promise.withResolvers<number | undefined>();
      passkeyGiven = resolve;
      // BlueZ gives up by itself, and tells the device so
      return promise;
    };
    const take = (json: unknown) => {
      if (asked) {
        const passkey = Passkey.safeParse(json);
        if (!passkey.success) return refuse('malformed');
        passkeyGiven?.(passkey.data.passkey ?? undefined);
        return;
      }
      const question = Question.safeParse(json);
      if (!question.success) return refuse('malformed');
      asked = true;
      stopWaiting();
      answer(question.data, say, askPasskey, gone.signal).then(
        () => socket.end(),
        (fault) => {
          log.warn('a question at the control socket could not be answered', faultDetails(fault));
          const { code } = fault as { code?: unknown };
          refuse(typeof code === 'string' ? code : 'failed');
        },
      );
    };
    readLines(socket, take, () => refuse('malformed'));
  };

  const answer = async (
    question: Question,
    say: (answer: Answer) => void,
    passkey: () => Promise<number | undefined>,
    gone: AbortSignal,
  ): Promise<void> => {
    switch (question.ask) {
      case 'state': {
        const { home, ...state } = agent.state();
        return say({ say: 'state', state: { ...state, home: [...home] } });
      }
      case 'devices':
        return say({ say: 'devices', home: [...agent.state().home], near: agent.nearby() });
      case 'pair': {
        const tell = ({ news, ...rest }: Parameters<Parameters<GatewayAgent['introduce']>[1]['tell']>[0]) =>
          say({ say: news, ...rest } as Answer);
        const { device, consent } = question;
        const end = await agent.introduce(device, { tell, passkey, quit: gone, ...(consent ? { consent } : {}) });
        return say(
          end.introduced
            ? { say: 'introduced', ...(end.trouble ? { trouble: end.trouble } : {}) }
            : { say: 'not-introduced', reason: end.reason },
        );
      }
      case 'forget':
        await agent.dismiss(question.device);
        return say({ say: 'forgotten' });
      case 'listen': {
        const stop = agent.onCommand((command) => say({ say: 'command', command }));
        say({ say: 'listening' });
        await new Promise<void>((resolve) => {
          if (gone.aborted) resolve();
          gone.addEventListener('abort', () => resolve(), { once: true });
        });
        return stop();
      }
    }
  };

  let listening = false;
  return {
    name: 'control',
    start: async () => {
      if (Buffer.byteLength(path) > longestPath)
        throw new SetupFault(`${path} is too long a name for a socket: set DATA_DIR to a folder with a shorter one.`);
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      if (await isAnswered(clock, dataDir))
        throw new SetupFault(
          `A gateway is running on ${dataDir} already: stop it first, or set DATA_DIR to another folder.`,
        );
      // what an earlier life left behind
      rmSync(path, { force: true });
      const before = process.umask(0o177);
      try {
        server.listen(path);
      } finally {
        process.umask(before);
      }
      await once(server, 'listening');
      chmodSync(path, 0o600);
      listening = true;
    },
    stop: async () => {
      if (!listening) return;
      listening = false;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await within(clock, stopMs, closed, () => new Error('late')).catch(() => {});
    },
    health: () => (listening ? { state: 'ok' } : { state: 'down', detail: 'not started' }),
  };
}

/** `sun_path` of unix(7), less its end. */
const longestPath = 107;
const stopMs = 2_000;
