import type { Progress } from './progress.mjs';

export function buildConsole(progress: Progress): Promise<void>;
export function builtConsole(): string | undefined;
