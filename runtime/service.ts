/** `ok` works; `degraded` works with something missing that the detail names; `down` does not. */
export type Health = { state: 'ok' | 'degraded' | 'down'; detail?: string };

/** What main starts in order and stops in reverse. `health` answers at once, from memory. */
export interface Service {
  readonly name: string;
  start(): Promise<void>;
  /** Finishes what is under way, within a few seconds, and leaves nothing running. */
  stop(): Promise<void>;
  health(): Health;
}
