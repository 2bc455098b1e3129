import { parseArgs } from 'node:util';
import { SetupFault } from '#domain/errors.ts';

/** The words of `npm run home`, what each takes, and an example. */
export const words = {
  'add-patient': {
    takes: '"<name>" <birth date> <female|male|other|unknown> "<care team>"',
    options: { also: 'the name in the other language', condition: 'a diagnosis; may stand several times' },
    says: 'a patient of a care team',
    example: 'add-patient 王桂兰 1948-03-02 female "Ward 3" --also "Wang Guilan"',
    least: 4,
    most: 4,
  },
  register: {
    takes: '<gateway|device> [<source>]',
    options: {},
    says: 'a gateway, or a device that speaks MQTT itself; gives the code with which it enrols',
    example: 'register gateway',
    least: 1,
    most: 2,
  },
  code: {
    takes: '<source>',
    options: {},
    says: 'a new code, for a box that comes later or was set up anew',
    example: 'code gw-7k3mq2',
    least: 1,
    most: 1,
  },
  credentials: {
    takes: '<source>',
    options: {},
    says: 'a password at once, for a device that cannot enrol; what it signed in with before is void',
    example: 'credentials watch-12',
    least: 1,
    most: 1,
  },
  assign: {
    takes: '<device> <patient>',
    options: {
      source: 'whose device it is, where no single gateway hears it',
      slot: 'one user of a device that knows several',
      from: 'since when, e.g. "2026-03-01 08:00"; now, where it is not said',
      model: 'what the device is called',
    },
    says: 'a device becomes the patient’s; readings outside are nobody’s',
    example: 'assign C0:FF:EE:00:00:01 王桂兰',
    least: 2,
    most: 2,
  },
  'take-back': {
    takes: '<device>',
    options: { slot: 'one user of it', at: 'since when; now, where it is not said' },
    says: 'it is nobody’s from then on',
    example: 'take-back C0:FF:EE:00:00:01',
    least: 1,
    most: 1,
  },
  revoke: {
    takes: '<source>',
    options: { certificate: 'one of its certificates only, by its fingerprint' },
    says: 'it is let in no more, for ever',
    example: 'revoke gw-7k3mq2',
    least: 1,
    most: 1,
  },
  certificates: {
    takes: '<source>',
    options: {},
    says: 'what it signs in with, and until when',
    example: 'certificates gw-7k3mq2',
    least: 1,
    most: 1,
  },
  authority: {
    takes: '[show|new|stolen]',
    options: {},
    says: 'who signs certificates; another one from now on; another one at once, for the key was stolen',
    example: 'authority show',
    least: 0,
    most: 1,
  },
  audit: {
    takes: '[<source>]',
    options: { before: 'the number of a row; those before it' },
    says: 'what was done, by whom and when, the newest first',
    example: 'audit gw-7k3mq2',
    least: 0,
    most: 1,
  },
  verify: {
    takes: '[<row>:<hash>]',
    options: {},
    says: 'whether the trail of what was done is whole, also since a row that was noted elsewhere',
    example: 'verify',
    least: 0,
    most: 1,
  },
  list: {
    takes: '[<source>]',
    options: {},
    says: 'sources, their devices and patients, and what is wrong with them',
    example: 'list',
    least: 0,
    most: 1,
  },
  ask: {
    takes: '<source> measure-again <device> | send-status | set-interval <status|stream> <seconds>',
    options: {},
    says: 'asks a home, as soon as it is there; an interval is 60 to 86400 seconds',
    example: 'ask gw-7k3mq2 send-status',
    least: 2,
    most: 4,
  },
  erase: {
    takes: '<patient>',
    options: { 'keep-until': 'how long a law has it kept, or "nothing"; else how far it is', reason: 'why' },
    says: 'forgets a patient: nobody sees them from now on, and what was stored is deleted',
    example: 'erase 王桂兰 --keep-until nothing --reason "consent withdrawn"',
    least: 1,
    most: 1,
  },
} as const;
export type Word = keyof typeof words;

/** What somebody said. An option that may stand once is its last. */
export type Said = { word: Word; rest: string[]; options: Record<string, string>; conditions: string[] };

/** @throws SetupFault in one sentence that says what is allowed. */
export function read([first = '', ...others]: string[]): Said {
  if (!Object.hasOwn(words, first))
    throw new SetupFault(`"${first}" is none of ${Object.keys(words).join(', ')}; "npm run home" explains them.`);
  const word = first as Word;
  const { least, most, options } = words[word];
  const names = Object.keys(options);
  const asOptions = Object.fromEntries(names.map((name) => [name, { type: 'string', multiple: true } as const]));
  const { positionals, values } = parse(word, others, asOptions);
  if (positionals.length < least || positionals.length > most || positionals.some((text) => text.trim() === ''))
    throw sayInstead(word);
  const last = Object.entries(values).map(([name, given]) => [name, String([given].flat().at(-1))] as const);
  return {
    word,
    rest: positionals.map((text) => text.trim()),
    options: Object.fromEntries(last),
    conditions: [values.condition ?? []].flat().map(String),
  };
}

function parse(word: Word, args: string[], options: Record<string, { type: 'string'; multiple: true }>) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch {
    throw sayInstead(word);
  }
}

export function sayInstead(word: Word): SetupFault {
  const { takes, options } = words[word];
  const more = Object.keys(options).map((name) => ` [--${name} …]`);
  return new SetupFault(`Say: npm run home -- ${word} ${takes}${more.join('')}`);
}

/** What stands there when nobody said a word. */
export function explanation(): string {
  const lines = ['Patients, gateways and devices, for whoever sets them up. The platform must be running.', ''];
  for (const [word, { takes, options, says, example }] of Object.entries(words)) {
    lines.push(`  ${word} ${takes}`, `      ${says}`);
    for (const [name, meaning] of Object.entries(options)) lines.push(`      --${name}: ${meaning}`);
    lines.push(`      npm run home -- ${example}`, '');
  }
  lines.push('A patient is named by name, by id, or by the beginning of the id.');
  return lines.join('\n');
}
