import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeviceStatus, StatusMessage } from '#domain/downward.ts';
import { SetupFault } from '#domain/errors.ts';
import { troublesOfDevice, troublesOfSource } from '#domain/standing.ts';
import { systemClock } from '#runtime/clock.ts';
import { seededRandom } from '#runtime/random.ts';
import { deviceId, instantIn } from '#runtime/setup/home/naming.ts';
import { columns, cut, widthOf } from '#runtime/setup/home/table.ts';
import { explanation, read, words } from '#runtime/setup/home/words.ts';
import { doubtsAbout, enroll } from '../../gateway-agent/command/enroll.ts';
import { createTerminal } from '../../gateway-agent/command/terminal.ts';
import { readConfig } from '../../gateway-agent/config.ts';
import { createNearby } from '../../gateway-agent/radio/nearby.ts';
import type { Advertisement } from '../../gateway-agent/radio/radio.ts';

/** What an engineer types and reads at `npm run home`. */

const sentenceOf = (run: () => unknown): string => {
  try {
    run();
    return 'it was taken';
  } catch (fault) {
    if (!(fault instanceof SetupFault)) throw fault;
    return fault.message;
  }
};

describe('the words of npm run home', () => {
  it('are explained with all they take and an example that can be said as it stands', () => {
    const text = explanation();
    for (const [word, { takes, example }] of Object.entries(words)) {
      expect(text).toContain(`  ${word} ${takes}`);
      const said = [...example.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
      expect(read(said)).toMatchObject({ word });
    }
  });

  it('refuse whatever else is typed in a sentence, and nothing typed makes them throw otherwise', () => {
    const typed = fc.array(
      fc.oneof(
        fc.constantFrom(...Object.keys(words), '--slot', '--from', '--', '-x', ''),
        fc.string({ unit: 'binary' }),
      ),
      { maxLength: 6 },
    );
    fc.assert(fc.property(typed, (said) => void sentenceOf(() => read(said))));
    expect(sentenceOf(() => read(['constructor']))).toContain('is none of');
    expect(sentenceOf(() => read(['code', ' ']))).toBe('Say: npm run home -- code <source>');
  });
});

describe('times and devices that are typed', () => {
  it.each([
    ['2026-03-01T08:00:00+08:00', '2026-03-01T00:00:00.000Z'],
    ['2026-03-01T08:00:00Z', '2026-03-01T08:00:00.000Z'],
    ['2026-03-01 08:00', new Date(2026, 2, 1, 8).toISOString()],
    ['2026-03-01', new Date(2026, 2, 1).toISOString()],
  ])('%s is %s', (text, instant) => expect(instantIn(text)).toBe(instant));

  it.each(['2026-02-30', '2026-13-01', 'yesterday', '1', '2026-03-01 25:00', '2026-03-01T08:00'.slice(0, 13)])(
    '%s is no time',
    (text) => expect(sentenceOf(() => instantIn(text))).toMatch(/is no time/),
  );

  it('an address is one device however it is written', () => {
    for (const text of ['C0:FF:EE:00:00:01', 'c0:ff:ee:00:00:01', 'c0-ff-ee-00-00-01'])
      expect(deviceId(text)).toBe('C0:FF:EE:00:00:01');
    expect(deviceId('watch-1')).toBe('watch-1');
  });
});

describe('columns', () => {
  const anyCell = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('王桂兰', '🫀', '\x1b[31m', 'a\tb\nc', '\u202egp', ''),
  );

  it('are never wider than they are said to be, and hold nothing that steers a terminal', () => {
    fc.assert(
      fc.property(fc.array(anyCell, { minLength: 1, maxLength: 5 }), (cells) => {
        const line = columns(
          cells,
          cells.map(() => 16),
        );
        expect(widthOf(line)).toBeLessThanOrEqual(16 * cells.length);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
    );
  });

  it('keep what fits as it is', () => {
    expect(cut('王桂兰', 6)).toBe('王桂兰');
    expect(cut('王桂兰', 5)).toBe('王桂…');
  });
});

describe('how a device and its source stand', () => {
  const device = (more: object) => troublesOfDevice(DeviceStatus.parse({ device: 'cuff', ...more }));
  const source = (more: object) =>
    troublesOfSource(StatusMessage.parse({ v: 1, state: 'online', at: '2026-03-01T08:00:00Z', ...more }), false);

  it.each([
    [{ battery: 20 }, ['battery-low']],
    [{ battery: 21 }, []],
    [{ clockOffsetMs: -300_000 }, ['clock-wrong']],
    [{ clockOffsetMs: 299_999 }, []],
    [{}, []],
  ])('a device that tells %j has %j', (told, troubles) => expect(device(told)).toEqual(troubles));

  const outbox = { bytes: 1, mostBytes: 10, aside: 0, lost: 0 };
  it.each([
    [{}, []],
    [{ radio: { state: 'down' } }, ['radio-down']],
    [{ radio: { state: 'degraded' } }, ['radio-degraded']],
    [{ state: 'offline', radio: { state: 'down' } }, []],
    [{ clockOffsetMs: 60_000 }, ['clock-wrong']],
    [{ outbox: { ...outbox, oldestAt: '2026-03-01T07:30:00Z' } }, ['backlog']],
    [{ state: 'offline', outbox: { ...outbox, oldestAt: '2026-02-01T07:30:00Z' } }, []],
    [{ outbox: { ...outbox, bytes: 8 } }, ['outbox-filling']],
    [{ outbox: { ...outbox, lost: 1 } }, ['readings-lost']],
  ])('a source that tells %j has %j', (told, troubles) => expect(source(told)).toEqual(troubles));
});

it('a stranger’s device cannot steer the terminal of the engineer who looks for devices, whatever it calls itself', async () => {
  const near = createNearby(systemClock);
  const name = '\x1b[2J\rEVIL\u202e\u2028\nx';
  const heard = near.hear({
    address: 'AA:BB:CC:00:00:01',
    name,
    services: [],
    paired: false,
  } as unknown as Advertisement);
  expect(heard.name).toBe('?[2J?EVIL???x');
  const output = new PassThrough();
  createTerminal('en', new PassThrough(), output).say(`Heard ${name}`);
  expect(String(output.read())).toBe('Heard ?[2J?EVIL??\nx\n');
});

describe('whoever enrols a box', () => {
  const typedInChinese = async (...words: string[]): Promise<string> => {
    const terminal = createTerminal('zh', new PassThrough(), new PassThrough());
    const config = readConfig({ DATA_DIR: '/nowhere' });
    return enroll.run(words, { terminal, clock: systemClock, random: seededRandom(1), config }).then(
      () => 'it was taken',
      (fault: Error) => fault.message,
    );
  };

  it('is told in their language what is wrong with what they typed, and never hears the code again', async () => {
    const good = 'K7QM-2XPF';
    for (const [place, code] of [
      ['platform', good],
      ['http://hearthbeat.example.org', good],
      ['ftp://127.0.0.1', good],
      ['https://me:secret@hearthbeat.example.org', good],
      ['https://hearthbeat.example.org', 'K7QM'],
    ] as const) {
      const said = await typedInChinese(place, code);
      expect(said).toMatch(/[\u4e00-\u9fff].*。$/);
      expect(said).not.toMatch(/K7QM-2XPF.*K7QM-2XPF|secret/);
    }
  });

  it('is warned when the platform sends its readings to the box itself, or through the open', () => {
    const doubts = (url: string, mqttUrl: string, credential: 'token' | 'certificate' = 'token') =>
      doubtsAbout(new URL(url), new URL(mqttUrl), credential).map(({ en }) => en);
    expect(doubts('https://hospital.example', 'mqtts://hospital.example:8883')).toEqual([]);
    expect(doubts('http://127.0.0.1:8080', 'mqtt://127.0.0.1:1883')).toEqual([]);
    expect(doubts('https://hospital.example', 'mqtt://127.0.0.1:1883')).toEqual([
      expect.stringContaining('MQTT_PUBLIC_URL'),
    ]);
    expect(doubts('https://hospital.example', 'mqtt://hospital.example:1883')).toEqual([
      expect.stringContaining('not encrypted'),
    ]);
    expect(doubts('http://127.0.0.1:8080', 'mqtt://127.0.0.1:1883', 'certificate')).toEqual([
      expect.stringContaining('MQTT_PUBLIC_URL=mqtts://'),
    ]);
  });
});
