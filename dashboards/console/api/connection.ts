import { useSyncExternalStore } from 'react';
import { clock } from '../time/clock.ts';

/**
 * Is what stands on the screen true? `live`: changes arrive by themselves. `polling`: they do not, but asking still works.
 * `lost`: nobody answers, so the screen shows the past, and says of when.
 */
export type Connection = { state: 'connecting' | 'live' | 'polling' | 'lost'; answeredAt: number | null };

let now: Connection = { state: 'connecting', answeredAt: null };
let stream: 'untried' | 'open' | 'broken' = 'untried';
let answering = true;
const watchers = new Set<() => void>();

function settle(answeredAt: number | null): void {
  const state = answering ? ({ untried: 'connecting', open: 'live', broken: 'polling' } as const)[stream] : 'lost';
  if (state === now.state && answeredAt === now.answeredAt) return;
  now = { state, answeredAt };
  for (const watcher of watchers) watcher();
}

export const connection = {
  current: () => now,
  streamOpened(): void {
    stream = 'open';
    answering = true;
    settle(clock.now());
  },
  streamBroke(): void {
    stream = 'broken';
    settle(now.answeredAt);
  },
  answered(): void {
    answering = true;
    settle(clock.now());
  },
  unanswered(): void {
    answering = false;
    settle(now.answeredAt);
  },
};

export const useConnection = (): Connection =>
  useSyncExternalStore((watcher) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, connection.current);
