import type { Clock } from '../../clock.ts';
import type { Config } from '../../config.ts';
import type { Random } from '../../random.ts';
import type { Actor } from '../../records/actor.ts';
import type { Records } from '../../records/connect.ts';

/** Whoever says a word of `npm run home`, and what they have at hand. */
export type Operator = {
  records: Records;
  clock: Clock;
  random: Random;
  by: Actor;
  config: Config;
};
