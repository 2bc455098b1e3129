import { SetupFault } from '#domain/errors.ts';
import { systemClock as clock, instant } from '#runtime/clock.ts';
import { writeCohortFile } from '#runtime/cohort-file.ts';
import type { Config } from '#runtime/config.ts';
import type { Records } from '#runtime/records/connect.ts';
import { besidePlatform, faultSentence } from '#runtime/setup/beside.ts';
import { createProgress } from '#runtime/setup/progress.mjs';
import { createCohort, patientOf } from '../cohort.ts';
import { personOf } from './person.ts';
import { openHome } from './sending/send.ts';
import { settle, teamFor } from './sending/settle.ts';
import { createStream } from './sending/stream.ts';
import { readWords, type Words } from './words.ts';

/** `npm run cohort -- …`: see `usage` in words.ts. */
const dayMs = 86_400_000;
/** A connection each. */
const homesAtMost = 500;
/** Unencrypted MQTT listens on this machine only, where this command runs. */
const mqttUrlOf = ({ MQTT_PORT }: Config): string => `mqtt://127.0.0.1:${MQTT_PORT}`;
const progress = createProgress();

if (process.argv.includes('--store') || process.argv.includes('--stream'))
  await besidePlatform(readWords, (records, words, config) =>
    words.do === 'stream' ? stream(records, words, config) : store(records, words, config),
  );
else
  try {
    await write(readWords(process.argv.slice(2)));
  } catch (fault) {
    progress.fail(faultSentence(fault));
    process.exitCode = 1;
  }

async function write(words: Words): Promise<void> {
  if (words.do !== 'write') return;
  const { seed, patients, days, file } = words;
  const span = spanOf(words);
  await progress.step(`Writing ${patients} patients over ${days} days to ${file}`, () =>
    writeCohortFile(
      file,
      { cohort: 1, seed, patients, ...span },
      createCohort({ seed, patients, days, from: span.from }),
    ),
  );
}

/** Through the same door as every reading, so that latest values, rollups and judgements are as they would be. All of it is late: nobody is called. */
async function store(records: Records, words: Words, config: Config): Promise<void> {
  const span = spanOf(words);
  const team = await teamFor(records, words.team);
  for (let nth = 0; nth < words.patients; nth++) {
    const person = personOf(words.seed, nth, span);
    const token = await settle(records, team, person, span.from - dayMs, clock.now());
    const { devices } = person.told;
    const home = await openHome(mqttUrlOf(config), { source: devices[0]!.source, token, devices });
    await home.send([...patientOf(person, span).readings()]);
    await home.leave();
    if ((nth + 1) % 20 === 0 || nth + 1 === words.patients) progress.say(`  ${nth + 1} of ${words.patients} patients`);
  }
}

/** From now on, for so many days of the cohort, or until the process is ended. */
async function stream(records: Records, words: Words, config: Config): Promise<void> {
  if (words.do !== 'stream') return;
  if (words.patients > homesAtMost)
    throw new SetupFault(`--stream takes at most ${homesAtMost} patients: a connection each.`);
  const from = clock.now();
  const span = { from, to: from + words.days * dayMs };
  const team = await teamFor(records, words.team);
  const homes = [];
  for (let nth = 0; nth < words.patients; nth++) {
    const person = personOf(words.seed, nth, span);
    const token = await settle(records, team, person, from - dayMs, from);
    const { devices } = person.told;
    const home = await openHome(mqttUrlOf(config), { source: devices[0]!.source, token, devices });
    homes.push({ home, readings: patientOf(person, span).readings() });
  }
  const streaming = createStream({ clock }, homes, { from, speed: words.speed });
  progress.say(
    `  ${words.patients} homes measure, ${words.speed} times as fast as life, until ${instant(streaming.until)}; Ctrl-C ends it.`,
  );
  process.once('SIGINT', () => streaming.stop());
  process.once('SIGTERM', () => streaming.stop());
  await streaming.over;
}

function spanOf({ to, days }: Words): { from: number; to: number } {
  const end = to ?? Math.floor(clock.now() / dayMs) * dayMs;
  return { from: end - days * dayMs, to: end };
}
