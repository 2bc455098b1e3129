export type Progress = {
  /** Shows `words`, then how long `run` took or that it failed. */
  step<T>(words: string, run: () => Promise<T>): Promise<T>;
  say(line: string): void;
  /** In a frame: a line that nobody can miss. */
  warn(lines: string[]): void;
  /** The one sentence that a failed start ends in. */
  fail(sentence: string): void;
};

/** @param stream standard error when not given. */
export function createProgress(stream?: NodeJS.WriteStream): Progress;
