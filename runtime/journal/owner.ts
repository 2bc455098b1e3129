import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { Outage } from '#domain/errors.ts';
import type { Clock } from '../clock.ts';
import type { Carrier } from '../downlink.ts';
import type { Consumption, Journal } from '../journal.ts';
import { faultDetails, type Log } from '../log.ts';
import type { Service } from '../service.ts';
import { type Answer, protocol, Question, readFrames, writeFrame } from './frames.ts';

const tellEveryMs = 200;

/**
 * Opens the journal of this process to others on this machine, on a unix socket for the owner of DATA_DIR: they consume, append,
 * and send receipts down through us. A process that goes away, however it ends, leaves its consumptions where their cursors are.
 */
export function createJournalOwner(deps: {
  journal: Journal;
  downlink: Carrier;
  path: string;
  clock: Clock;
  log: Log;
}): Service {
  const { journal, downlink, path, clock, log } = deps;
  const visits = new Set<{ end(): Promise<void> }>();
  /** Consumptions of processes that are gone, until they have let go. */
  let ending: Promise<unknown> = Promise.resolve();
  let server: Server | undefined;

  return {
    name: 'journal-socket',
    async start() {
      // whoever made it is dead: there is one owner at a time
      await rm(path, { force: true });
      const next = createServer(receive);
      await new Promise<void>((resolve, reject) => next.once('error', reject).listen(path, resolve));
      next.on('error', (fault) => log.error('the socket of the journal failed', faultDetails(fault)));
      await chmod(path, 0o600);
      server = next;
    },
    async stop() {
      const closed = new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
      server = undefined;
      await Promise.all([...visits].map((visit) => visit.end()));
      await ending;
      await closed;
    },
    health: () => (server ? { state: 'ok' } : { state: 'down', detail: 'not started' }),
  };

  function receive(socket: Socket): void {
    const wanted = new Set<number>();
    const consumptions = new Map<number, Consumption>();
    /** Batches over there, by consumption. */
    const inHand = new Map<number, (ok: boolean) => void>();
    let told = '';
    let open = true;

    const say = (answer: Answer, entries: Parameters<typeof writeFrame>[1] = []) => {
      if (open) socket.write(writeFrame(answer, entries));
    };
    /** Before whatever it bears upon, so that the other side never knows less than it did with the journal in its own process. */
    const tell = () => {
      const state = { backlog: journal.backlog(), health: journal.health() };
      const words = JSON.stringify(state);
      if (words !== told) say({ say: 'state', state });
      told = words;
    };

    const answer = (question: Question, entries: Parameters<Journal['append']>[0][]) => {
      if (question.say === 'consume') return void consume(question);
      if (question.say === 'receipts') return downlink.receipts(question.source, question.message);
      if (question.say === 'append') return void append(question.id, entries[0]);
      if (question.say === 'done') return inHand.get(question.id)?.(question.ok);
      return void stop(question.id);
    };

    const stop = async (id: number) => {
      wanted.delete(id);
      await consumptions.get(id)?.stop();
      consumptions.delete(id);
      tell();
      say({ say: 'stopped', id });
    };

    const consume = async ({ id, consumer, batch, shards }: Extract<Question, { say: 'consume' }>) => {
      wanted.add(id);
      await ending;
      if (!open || !wanted.has(id)) return;
      try {
        const options = shards ? { batch, shards } : { batch };
        const consumption = journal.consume(consumer, options, async (entries) => {
          if (!open) throw away();
          tell();
          const ok = await new Promise<boolean>((resolve) => {
            inHand.set(id, resolve);
            say({ say: 'batch', id }, entries);
          });
          inHand.delete(id);
          if (!open) throw away();
          if (!ok) throw new Outage('not-finished', 'the process that consumes could not finish it');
        });
        consumptions.set(id, consumption);
      } catch (fault) {
        say({ say: 'refused', id, reason: fault instanceof Error ? fault.message : 'unknown' });
      }
    };

    const append = async (id: number, entry: Parameters<Journal['append']>[0] | undefined) => {
      try {
        if (!entry) throw new Outage('no-entry', 'nothing to append', { retry: false });
        await journal.append(entry);
        tell();
        say({ say: 'appended', id });
      } catch (fault) {
        const known =
          fault instanceof Outage ? fault : new Outage('journal-refuses', 'it was refused', { retry: false });
        tell();
        say({ say: 'appended', id, fault: { code: known.code, message: known.message, retry: known.retry } });
      }
    };

    const end = (): Promise<void> => {
      if (!open) return ended;
      open = false;
      visits.delete(visit);
      stopTelling();
      socket.destroy();
      for (const refuse of inHand.values()) refuse(false);
      const stops = [...consumptions.values()].map((consumption) => consumption.stop());
      ended = Promise.all(stops).then(() => {});
      ending = Promise.all([ending, ended]);
      return ended;
    };
    let ended: Promise<void> = Promise.resolve();
    const visit = { end };
    visits.add(visit);
    const stopTelling = clock.every(tellEveryMs, () => {
      // a process that is frozen learns how things are when it moves again: nothing piles up for it until then
      if (!socket.writableNeedDrain) tell();
    });
    const read = readFrames(Question, answer);
    socket.on('data', (piece) => {
      try {
        if (open) read(piece);
      } catch (fault) {
        log.warn('a process said something to the journal that nobody understands', faultDetails(fault));
        void end();
      }
    });
    socket.on('error', () => void end());
    socket.on('close', () => void end());
    say({ say: 'hello', protocol });
    tell();
  }
}

const away = () => new Outage('consumer-away', 'the process that consumes has gone');
