import type { PlatformTrouble } from '#domain/platform.ts';

/**
 * `ok` works; `degraded` works with something missing that the detail names; `down` does not. `trouble`: which of the troubles that
 * are known in words it is; the detail is a few English words beside it, for logs.
 */
export type Health = { state: 'ok' | 'degraded' | 'down'; detail?: string; trouble?: PlatformTrouble };

/** What main starts in order and stops in reverse. `health` answers at once, from memory. */
export interface Service {
  readonly name: string;
  start(): Promise<void>;
  /** Finishes what is under way, within a few seconds, and leaves nothing running. */
  stop(): Promise<void>;
  health(): Health;
}
