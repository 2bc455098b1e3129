import { describe, expect, it } from 'vitest';
import { type HeardFrame, interpret } from '../../gateway-agent/interpret.ts';
import { type ClockSetting, instantOf, placeAll, type Timed } from '../../gateway-agent/timing.ts';

const now = Date.UTC(2026, 10, 22, 14, 0, 0);
const minutes = 60_000;
const iso = (ms: number) => new Date(ms).toISOString();

describe('when a reading was taken', () => {
  const frame = (deviceTime: string | undefined, shows?: string): Timed => ({
    heardAt: now,
    ...(deviceTime ? { deviceTime } : {}),
    ...(shows ? { comparison: { time: shows, at: now } } : {}),
  });

  it('is what the device says when its clock was read and agrees', () => {
    const [place] = placeAll([frame('2026-11-22T13:59:10', '2026-11-22T13:59:58')], false, 'UTC');
    expect(place).toEqual({ takenAt: Date.UTC(2026, 10, 22, 13, 59, 10), clock: 'device' });
  });

  it('is shifted by the offset when the clock was read and is wrong, whatever the zone of the home', () => {
    for (const zone of ['UTC', 'Asia/Shanghai', 'America/St_Johns']) {
      const [place] = placeAll([frame('2015-01-01T00:03:00', '2015-01-01T00:05:00')], false, zone);
      expect(place).toEqual({ takenAt: now - 2 * minutes, clock: 'corrected' });
    }
  });

  it('is unknown for a reading from before somebody set the clock back', () => {
    expect(placeAll([frame('2026-11-20T08:00:00', '2015-01-01T00:05:00')], true, 'UTC')).toEqual([undefined]);
  });

  it('is what the device says, in the zone of the home, when that is about now', () => {
    const [place] = placeAll([frame('2026-11-22T21:58:00')], false, 'Asia/Shanghai');
    expect(place).toEqual({ takenAt: now - 2 * minutes, clock: 'device' });
  });

  it('waits for the end of the visit when a time that is not now could be wrong or old', () => {
    expect(placeAll([frame('2026-11-22T09:00:00')], false, 'UTC')).toEqual([undefined]);
  });

  it('believes an old reading when a later one of the same visit shows that the clock is right', () => {
    const places = placeAll([frame('2026-11-20T08:00:00'), frame('2026-11-22T13:59:00')], false, 'UTC');
    expect(places.map((p) => p?.clock)).toEqual(['device', 'device']);
    expect(iso(places[0]!.takenAt)).toBe('2026-11-20T08:00:00.000Z');
  });

  it('is now for the last reading of a cuff whose clock is wrong, and the earlier ones keep their distance from it', () => {
    const places = placeAll([frame('2020-01-19T08:00:00'), frame('2020-01-20T08:43:00')], true, 'UTC');
    expect(places[1]).toEqual({ takenAt: now, clock: 'source' });
    expect(places[0]).toEqual({ takenAt: now - (24 * 60 + 43) * minutes, clock: 'corrected' });
  });

  it('is now for the last reading without any time, and unknown for those before it', () => {
    expect(placeAll([frame(undefined), frame(undefined)], true, 'UTC')).toEqual([
      undefined,
      { takenAt: now, clock: 'source' },
    ]);
  });

  it('takes a date with unknown parts for no time', () => {
    expect(placeAll([frame('0000-04-17T20:41:59')], true, 'UTC')).toEqual([{ takenAt: now, clock: 'source' }]);
  });

  it('stands on the clock as it was, for what was measured before we set it, and on the clock as it is for what came after', () => {
    // an hour behind until we set it ten minutes ago, and a day ahead until we set that five days ago
    const settings: ClockSetting[] = [
      { at: now - 10 * minutes, before: { time: '2026-11-22T12:50:00', at: now - 10 * minutes } },
      { at: now - 5 * 1440 * minutes, before: { time: '2026-11-18T14:00:00', at: now - 5 * 1440 * minutes } },
    ];
    const placed = (time: string) => placeAll([frame(time, '2026-11-22T14:00:00')], false, 'UTC', settings)[0];
    const when = (time: string) => iso(placed(time)!.takenAt);
    expect(placed('2026-11-22T13:55:00')).toMatchObject({ clock: 'device' });
    expect(when('2026-11-22T13:55:00')).toBe('2026-11-22T13:55:00.000Z');
    expect(placed('2026-11-22T12:49:00')).toMatchObject({ clock: 'corrected' });
    expect(when('2026-11-22T12:49:00')).toBe('2026-11-22T13:49:00.000Z');
    expect(when('2026-11-16T08:00:00')).toBe('2026-11-15T08:00:00.000Z');
    // neither of them has ever shown this
    expect(placed('2026-11-22T13:30:00')).toBeUndefined();
  });

  it('does not change for what was heard before we set the clock', () => {
    const before = { time: '2015-01-01T00:05:00', at: now };
    const settings: ClockSetting[] = [{ at: now + 1_000, before }];
    const heardBefore = frame('2015-01-01T00:03:00', before.time);
    expect(placeAll([heardBefore], true, 'UTC', settings)).toEqual(placeAll([heardBefore], true, 'UTC'));
  });

  it('is as if there were no clock, for what was measured before we set one that nobody had set', () => {
    const settings: ClockSetting[] = [{ at: now - 1_000, before: { time: '0000-00-00T00:00:00', at: now - 1_000 } }];
    const readings = ['2017-01-01T00:03:00', '2017-01-01T00:05:00'].map((time) => frame(time, '2026-11-22T14:00:00'));
    expect(placeAll(readings, true, 'UTC', settings)).toEqual([
      { takenAt: now - 2 * minutes, clock: 'corrected' },
      { takenAt: now, clock: 'source' },
    ]);
  });

  it('is not taken for now where a memory was asked, however new', () => {
    const asked = (time: string | undefined): Timed => ({ ...frame(time), asked: true });
    expect(placeAll([asked('2020-01-19T08:00:00'), asked('2020-01-20T08:43:00')], true, 'UTC')).toEqual([
      undefined,
      undefined,
    ]);
    expect(placeAll([asked('2026-11-22T13:58:00'), asked('2026-11-20T08:00:00')], true, 'UTC')).toMatchObject([
      { clock: 'device' },
      { clock: 'device' },
    ]);
  });

  it('knows the hours that summer time repeats and skips', () => {
    const at = (local: string) => iso(instantOf(Date.parse(`${local}Z`), 'Europe/Berlin'));
    expect(at('2026-08-11T20:27:00')).toBe('2026-08-11T18:27:00.000Z');
    expect(at('2026-10-25T02:30:00')).toBe('2026-10-25T01:30:00.000Z');
    expect(at('2026-03-29T02:30:00')).toBe('2026-03-29T01:30:00.000Z');
  });
});

describe('what the frames of one visit say', () => {
  const frame = (n: number, hex: string): HeardFrame => ({
    n,
    visit: 'v',
    device: 'AA:BB:CC:00:00:01',
    profile: 'blood-pressure',
    characteristic: 0x2a35,
    heardAt: now,
    bytes: Buffer.from(hex, 'hex'),
  });
  const timed = '167c0056006100e807060f11111b33000000';
  const timeless = '047c00560061003300';

  const wordsOf = (verdicts: ReturnType<typeof interpret>) => verdicts.map((said) => said?.map((v) => v.is).join());

  it('is told once when an indication comes twice', () => {
    expect(wordsOf(interpret([frame(1, timed), frame(2, timed)], true, () => false, 'UTC'))).toEqual([
      'reading',
      'again',
    ]);
    expect(wordsOf(interpret([frame(1, timeless), frame(2, timeless)], true, () => false, 'UTC'))).toEqual([
      'reading',
      'again',
    ]);
  });

  it('is nothing new when it was heard at an earlier visit, and then ties no clock', () => {
    const verdicts = interpret([frame(1, timed), frame(2, timeless)], true, (f) => f.n === 1, 'UTC');
    expect(wordsOf(verdicts)).toEqual(['again', 'reading']);
  });

  it('is now for the last of each profile, where a scale without a clock says by two what it measured at once', () => {
    const of = (profile: string, characteristic: number, hex: string): HeardFrame => ({
      ...frame(1, hex),
      profile,
      characteristic,
    });
    const verdicts = interpret(
      [of('weight-scale', 0x2a9d, '00d836'), of('body-composition', 0x2a9c, '0000dc00')],
      true,
      () => false,
      'UTC',
    );
    expect(wordsOf(verdicts)).toEqual(['reading', 'reading']);
  });

  it('keeps aside what cannot be read, with the reason, and goes on', () => {
    const verdicts = interpret([frame(1, '03020304050607'), frame(2, timeless)], true, () => false, 'UTC');
    expect(verdicts[0]).toEqual([{ is: 'aside', reason: 'bytes-missing' }]);
    expect(wordsOf(verdicts)[1]).toBe('reading');
  });
});

describe('what several frames of one visit say together', () => {
  const visit = (profile: string, ...heard: [characteristic: number, hex: string, afterMs?: number][]): HeardFrame[] =>
    heard.map(([characteristic, hex, afterMs = 0], n) => ({
      n,
      visit: 'v',
      device: 'AA:BB:CC:00:00:01',
      model: 'Accu-Chek Guide',
      profile,
      characteristic,
      heardAt: now + afterMs,
      comparison: { time: iso(now).slice(0, 19), at: now },
      bytes: Buffer.from(hex, 'hex'),
    }));
  const never = () => false;
  const words = (verdicts: ReturnType<typeof interpret>) => verdicts.map((said) => said?.map((v) => v.is).join());

  it('is said by the first of them, and kept with the bytes of all', () => {
    const frames = visit('glucose', [0x2a18, '1b0f00e807011e053a1b53016fb0f80000'], [0x2a34, '020f0003']);
    const verdicts = interpret(frames, true, never, 'UTC');
    expect(words(verdicts)).toEqual(['reading', 'part']);
    expect(verdicts[0]).toMatchObject([
      {
        reading: {
          panel: 'glucose',
          marks: ['fasting'],
          sequence: 15,
          raw: '1b0f00e807011e053a1b53016fb0f80000020f0003',
        },
      },
    ]);
    expect(words(interpret(frames.slice(0, 1), false, never, 'UTC'))).toEqual([undefined]);
  });

  it('is several readings where one frame holds several records, at the times the sensor counts', () => {
    const started = '2026-05-01T00:00:00Z';
    const frames = visit('continuous-glucose', [0x2aaa, 'ea0705010800002000'], [0x2aa7, '06000c10050006000c100600']);
    const verdicts = interpret(frames, false, never, 'Europe/Paris');
    expect(verdicts[1]).toMatchObject([
      { reading: { takenAt: new Date(Date.parse(started) + 5 * 60_000).toISOString(), clock: 'device', sequence: 5 } },
      { reading: { takenAt: new Date(Date.parse(started) + 6 * 60_000).toISOString(), clock: 'device', sequence: 6 } },
    ]);
    expect(words(verdicts)).toEqual([undefined, 'reading,reading']);
    expect(words(interpret(frames, true, never, 'UTC'))).toEqual(['part', 'reading,reading']);
    expect(words(interpret(frames, true, () => true, 'UTC'))).toEqual(['part', 'again,again']);
  });

  it('is not live where the memory of a sensor broke off, and nobody knows its zone', () => {
    const hours12 = 'ea07'.concat('0b16', '020000', '80', 'ff'); // 02:00 of the same day
    const untimed = (...heard: [characteristic: number, hex: string][]) =>
      visit('continuous-glucose', [0x2aaa, hours12], ...heard).map(({ comparison: _, ...frame }) => frame);
    const [first, second] = ['06000c100500', '06000c100a00'];
    const asked: [number, string][] = [
      [0x2a52, '05000900'],
      [0x2aa7, first],
      [0x2aa7, second],
    ];
    const broken = interpret(untimed(...asked), true, never, 'UTC');
    expect(words(broken).slice(2)).toEqual(['aside', 'aside']);
    const whole = interpret(untimed(...asked, [0x2a52, '06000101']), true, never, 'UTC');
    expect(whole[3]).toMatchObject([{ reading: { clock: 'source', takenAt: new Date(now).toISOString() } }]);
    expect(words(interpret(untimed([0x2aa7, first]), true, never, 'UTC'))[1]).toBe('reading');
  });

  it('is kept aside where a sensor counts into the future', () => {
    const frames = visit('continuous-glucose', [0x2aaa, '3308050108000020' + '00'], [0x2aa7, '06000c100500']);
    expect(interpret(frames, true, never, 'UTC')[1]).toEqual([{ is: 'aside', reason: 'time-unknown' }]);
  });

  it('is one reading of a steady stream, taken at its last second, though every frame is the same', () => {
    const second = '0c62004e002000000000';
    const frames = visit(
      'pulse-oximeter',
      ...Array.from({ length: 90 }, (_, s): [number, string, number] => [0x2a5f, second, s * 1000]),
    );
    const readings = interpret(frames, true, () => true, 'UTC').flatMap((said) => said ?? []);
    expect(readings.filter((v) => v.is === 'reading').map((v) => v.reading.takenAt)).toEqual(
      [15, 75].map((s) => new Date(now + s * 1000).toISOString()),
    );
  });
});
