import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { type Outbox, openOutbox } from '../../gateway-agent/outbox/outbox.ts';
import { settleFrames } from '../../gateway-agent/visit/settle.ts';
import { heardFrame, numberOf } from './heard-frames.ts';

export type OutboxRoom = {
  folder: string;
  /** Of the outbox that is meant where none is named. */
  path: string;
  outboxAt(at?: string, maxBytes?: number): Outbox;
  close(outbox: Outbox): void;
  /** One that was opened elsewhere. */
  closeLater(outbox: Outbox): void;
};

/** A folder for each test of the file that calls this, and outboxes in it; what is still open after a test is closed. */
export function outboxRoom(): OutboxRoom {
  const open = new Set<Outbox>();
  const room: OutboxRoom = {
    folder: '',
    path: '',
    closeLater: (outbox: Outbox): void => void open.add(outbox),
    outboxAt: (at: string = room.path, maxBytes?: number): Outbox => {
      const outbox = openOutbox(systemClock, at, maxBytes);
      open.add(outbox);
      return outbox;
    },
    close: (outbox: Outbox): void => {
      open.delete(outbox);
      outbox.close();
    },
  };
  beforeEach(() => {
    room.folder = mkdtempSync(join(tmpdir(), 'hearthbeat-outbox-'));
    room.path = join(room.folder, 'outbox.sqlite');
  });
  afterEach(() => {
    for (const outbox of open) outbox.close();
    open.clear();
    rmSync(room.folder, { recursive: true, force: true });
  });
  return room;
}

/** Hears and settles measurements as one visit. */
export function take(outbox: Outbox, from: number, to: number, device?: string) {
  const frames = [];
  for (let n = from; n <= to; n++) frames.push(outbox.hear({ ...heardFrame(n, device), visit: `${from}-${to}` }));
  return settleFrames(outbox, frames, true, 'UTC');
}

export const numbers = (outbox: Outbox): number[] => outbox.waiting(100_000).map((w) => numberOf(w.message));

export const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

export const storedAll = (outbox: Outbox): void =>
  outbox.receive(outbox.waiting(1_000).map(({ ref }) => ({ ref, outcome: 'stored' as const })));
