/**
 * Is this fault PostgreSQL being away (stopped, restarting, out of connections, unreachable) rather than a wrong statement?
 * SQLSTATE classes: PostgreSQL manual, appendix A.
 */
export function recordsAway(fault: unknown): boolean {
  if (!(fault instanceof Error)) return false;
  const code = String((fault as { code?: unknown }).code ?? '');
  if (networkCodes.has(code)) return true;
  // 08 connection, 28 and 3D no entry, 53 out of resources, 57P operator stopped it
  if (/^(08|28|3D|53|57P)...?$/.test(code)) return true;
  return driverTexts.some((text) => fault.message.startsWith(text));
}

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** What `pg` and Kysely say without a code. */
const driverTexts = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'Query read timeout',
  'Client has encountered a connection error',
  'Cannot use a pool after calling end',
  'Postgres connection has been discarded',
];
