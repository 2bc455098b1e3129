import { sql } from 'kysely';
import type { Clock } from '../clock.ts';
import { within } from '../clock.ts';
import type { Health, Service } from '../service.ts';
import type { Records } from './connect.ts';

const askEveryMs = 5_000;
const answerMs = 4_000;

/** Whether PostgreSQL answers, whoever runs it. */
export function createRecordsWatch({ records, clock }: { records: Records; clock: Clock }): Service {
  let health: Health = { state: 'down', trouble: 'not-running', detail: 'not asked yet' };
  let asking = false;
  let stop = () => {};

  const ask = async () => {
    if (asking) return;
    asking = true;
    try {
      await within(clock, answerMs, sql`select 1`.execute(records), () => new Error('no answer'));
      health = { state: 'ok' };
    } catch {
      health = { state: 'down', trouble: 'records-away', detail: 'PostgreSQL does not answer' };
    } finally {
      asking = false;
    }
  };

  return {
    name: 'postgresql',
    async start() {
      await ask();
      stop = clock.every(askEveryMs, () => void ask());
    },
    stop: async () => stop(),
    health: () => health,
  };
}
