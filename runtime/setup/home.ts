import { systemClock as clock } from '../clock.ts';
import { systemRandom as random } from '../random.ts';
import { byOperator } from '../records/actor.ts';
import { besidePlatform } from './beside.ts';
import { doing } from './home/doing.ts';
import { explanation, read } from './home/words.ts';

/**
 * `npm run home -- <word> …`: patients, sources, devices and whose they are, for the engineer who sets up a home. Beside the
 * running platform; without a word it explains itself.
 */
const nothingSaid = [undefined, 'help', '--help'].includes(process.argv[2]);
if (nothingSaid) console.log(explanation());
else
  await besidePlatform(read, async (records, said, config) => {
    const lines = await doing[said.word]({ records, clock, random, by: byOperator(), config }, said);
    console.log(lines.join('\n'));
  });
