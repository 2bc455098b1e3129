import pino from 'pino';
import type { Config } from './config.ts';

/**
 * JSON lines on standard output. Give it words and counts; never a value of a vital sign, a name or a secret: whatever
 * identifies somebody in a log is an opaque id.
 */
export type Log = {
  debug(words: string, details?: object): void;
  info(words: string, details?: object): void;
  warn(words: string, details?: object): void;
  error(words: string, details?: object): void;
  child(bindings: { service: string }): Log;
};

export function createLog(level: Config['LOG_LEVEL'], destination?: pino.DestinationStream): Log {
  return wrap(
    pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination ?? pino.destination(1)),
  );
}

/** For tests and for processes that have nothing to say. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};

function wrap(logger: pino.Logger): Log {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (words: string, details?: object) =>
    logger[level](details ?? {}, words);
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (bindings) => wrap(logger.child(bindings)),
  };
}

/** What may be logged of a fault: its kind, code and first line. Messages of database drivers can hold values. */
export function faultDetails(fault: unknown): object {
  if (!(fault instanceof Error)) return { fault: 'unknown' };
  const code = (fault as { code?: unknown }).code;
  return { fault: fault.name, ...(typeof code === 'string' ? { code } : {}), message: fault.message.split('\n')[0] };
}
