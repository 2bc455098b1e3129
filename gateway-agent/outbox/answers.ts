import type { OutboxFile } from './file.ts';
import { limits } from './layout.ts';

/**
 * What was answered to the commands of the server: on disk until the broker has it, and remembered after that, so that a command that
 * comes again, also in another life of this process, is not acted on twice and gets the same answer.
 */
export interface Answers {
  /** The answer to a command, as it was published. */
  to(command: string): string | undefined;
  /** To be sent; a second answer to the same command changes nothing. */
  keep(command: string, message: string): void;
  /** It is asked for again. */
  again(command: string): void;
  /** Those that the broker does not have yet, the oldest first. */
  waiting(limit: number): { command: string; message: string }[];
  acknowledged(command: string): void;
}

export function createAnswers({ write, run, row, rows }: OutboxFile): Answers {
  const mark = (command: string, waiting: 0 | 1) =>
    void write(() => run('UPDATE answers SET waiting = ? WHERE command = ?', waiting, command));
  return {
    to: (command) => row('SELECT message FROM answers WHERE command = ?', command)?.message as string | undefined,
    keep: (command, message) =>
      write(() => {
        run(
          'INSERT INTO answers (command, message, waiting) VALUES (?, ?, 1) ON CONFLICT DO NOTHING',
          command,
          message,
        );
        run('DELETE FROM answers WHERE n <= (SELECT max(n) FROM answers) - ?', limits.answers);
      }),
    again: (command) => mark(command, 1),
    waiting: (limit) =>
      rows('SELECT command, message FROM answers WHERE waiting = 1 ORDER BY n LIMIT ?', limit) as {
        command: string;
        message: string;
      }[],
    acknowledged: (command) => mark(command, 0),
  };
}
