import { expect, it } from 'vitest';
import { systemClock as clock } from '#runtime/clock.ts';
import { systemRandom as random } from '#runtime/random.ts';
import { doing } from '#runtime/setup/home/doing.ts';
import { read } from '#runtime/setup/home/words.ts';
import { makePatient, makeTeam } from '../support/people.ts';
import { testDatabase } from '../support/servers.ts';

it('"npm run home -- erase" says what it needs, what happens, and how far it is', async (test) => {
  const { records, stop } = await testDatabase();
  test.onTestFinished(stop);
  const patient = (await makePatient(records, { team: await makeTeam(records) })).id;
  const operator = { records, clock, random, by: 'operator:test', config: {}, dataDir: '' } as never;
  const say = (...words: string[]) => {
    const said = read(['erase', patient, ...words]);
    return doing[said.word](operator, said).then((lines) => lines.join('\n'));
  };
  await expect(say()).rejects.toThrow('--keep-until nothing');
  await expect(say('--keep-until', '2020-01-01')).rejects.toThrow('is over');
  expect(await say('--keep-until', '2041-03-01')).toContain('is deleted after 2041-03-01');
  expect(await say()).toMatch(/^asked for .*; kept until 2041-03-01/);
  expect(await say('--keep-until', 'nothing', '--reason', 'consent withdrawn')).toContain('is being deleted');
  expect(await say()).toContain('under way');
});
