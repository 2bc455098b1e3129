import { systemClock as clock } from '../clock.ts';
import { systemRandom as random } from '../random.ts';
import { byOperator } from '../records/actor.ts';
import { besidePlatform } from './beside.ts';
import { ask, assign, takeBack } from './home/handing-out.ts';
import { list } from './home/listing.ts';
import type { Operator } from './home/operator.ts';
import { addPatientAs, code, credentials, register, revoke } from './home/setting-up.ts';
import { explanation, read, type Said, type Word } from './home/words.ts';

/**
 * `npm run home -- <word> …`: patients, sources, devices and whose they are, for the engineer who sets up a home. Beside the
 * running platform; without a word it explains itself.
 */
const doing: Record<Word, (operator: Operator, said: Said) => Promise<string[]>> = {
  'add-patient': addPatientAs,
  register,
  code,
  credentials,
  assign,
  'take-back': takeBack,
  revoke,
  list,
  ask,
};

const nothingSaid = [undefined, 'help', '--help'].includes(process.argv[2]);
if (nothingSaid) console.log(explanation());
else
  await besidePlatform(read, async (records, said, config) => {
    const lines = await doing[said.word]({ records, clock, random, by: byOperator(), config }, said);
    console.log(lines.join('\n'));
  });
