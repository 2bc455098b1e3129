import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  beginFetch,
  type Cursor,
  type Goal,
  type Happening,
  next,
  type Outcome,
  type Run,
  racpLimits,
  type Step,
} from '../../gateway-agent/profiles/racp.ts';
import { decodeAnswer, encodeAbort, encodeCount, encodeReport } from '../../gateway-agent/profiles/racp-frames.ts';
import vectors from '../vectors/record-access.json' with { type: 'json' };

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const hex = (some: Uint8Array | undefined) => some && Buffer.from(some).toString('hex');
const answer = (text: string): Happening => ({ is: 'answer', bytes: bytes(text) });
const record = (number: number, witness = `t${number}`): Happening => ({ is: 'record', number, witness });
const counted = (n: number): Happening =>
  answer(`0500${(n & 0xff).toString(16).padStart(2, '0')}${(n >> 8).toString(16).padStart(2, '0')}`);
const success = answer('06000101');
const none = answer('06000106');
const late = { is: 'late' } as const;
const cursor = (number: number): Cursor => ({ number, witness: `t${number}` });

/** All the steps of a dialogue. */
function dialogue(goal: Goal, ...happenings: Happening[]): Step[] {
  const steps = [beginFetch(goal)];
  for (const happening of happenings) steps.push(next(steps.at(-1)!.state, happening));
  return steps;
}
const endOf = (goal: Goal, ...happenings: Happening[]): Outcome | undefined =>
  dialogue(goal, ...happenings).at(-1)?.outcome;
const written = (steps: Step[]) => steps.flatMap((step) => hex(step.write) ?? []);

describe('the words of the Record Access Control Point', () => {
  const words: Record<number, string> = {
    1: 'success',
    3: 'invalid-operator',
    5: 'invalid-operand',
    6: 'no-records',
    7: 'abort-unsuccessful',
    9: 'operand-not-supported',
  };
  const requests: Record<number, string> = { 1: 'report', 2: 'delete', 3: 'abort', 4: 'count' };
  for (const { hex: text, expected, source } of vectors.recordAccess)
    it(`${text}: ${source}`, () => {
      const decoded = decodeAnswer(bytes(text));
      if ('valid' in expected) return expect(decoded).toHaveProperty('fault');
      if ('numberOfRecords' in expected)
        return expect(decoded).toEqual({ said: { is: 'count', count: expected.numberOfRecords } });
      const { requestOpCode = 0, responseValue = 0 } = expected;
      expect(decoded).toEqual({
        said: { is: 'response', to: requests[requestOpCode], response: words[responseValue] },
      });
    });

  it('are written without a byte too many', () => {
    expect(hex(encodeCount('all'))).toBe('0401');
    expect(hex(encodeReport('all'))).toBe('0101');
    expect(hex(encodeReport({ from: 0x1234 }))).toBe('0103013412');
    expect(hex(encodeAbort())).toBe('0300');
  });

  it('answer any bytes with a word or a named fault', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (any) => {
        const decoded = decodeAnswer(any);
        expect('said' in decoded || typeof decoded.fault === 'string').toBe(true);
      }),
      { numRuns: 20_000, seed: 2026 },
    );
  });
});

describe('fetching the records of a device', () => {
  it('asks how many, asks for them, and stands on the newest', () => {
    const steps = dialogue({}, counted(3), record(5), record(6), record(7), success);
    expect(written(steps)).toEqual(['0401', '0101']);
    expect(steps.at(-1)?.outcome).toEqual({ end: 'complete', why: 'success', records: 3, cursor: cursor(7) });
  });

  it('asks only from the last known record on, which comes again as a witness', () => {
    const steps = dialogue({ cursor: cursor(7) }, counted(2), record(7), record(8), success);
    expect(written(steps)).toEqual(['0403010700', '0103010700']);
    expect(steps.at(-1)?.outcome).toMatchObject({ end: 'complete', cursor: cursor(8) });
  });

  it('of an empty memory is over at once, and stands on nothing', () => {
    expect(endOf({}, counted(0))).toEqual({ end: 'complete', why: 'no-records', records: 0 });
    expect(endOf({}, answer('06000406'))).toEqual({ end: 'complete', why: 'no-records', records: 0 });
    expect(endOf({}, counted(1), none)).toEqual({ end: 'complete', why: 'no-records', records: 0 });
  });

  it('fetches everything when the numbering has begun anew: nothing from the known one on', () => {
    const steps = dialogue(
      { cursor: cursor(200) },
      counted(0),
      counted(2),
      record(0, 'new0'),
      record(1, 'new1'),
      success,
    );
    expect(written(steps)).toEqual(['040301c800', '0401', '0101']);
    expect(steps.at(-1)?.outcome).toMatchObject({ end: 'complete', cursor: { number: 1, witness: 'new1' } });
  });

  it('fetches everything when another record bears the known number', () => {
    const steps = dialogue({ cursor: cursor(2) }, counted(2), record(2, 'other'), record(3, 'other3'), success);
    expect(written(steps).at(-1)).toBe('0401');
    const rest = [counted(4), ...[0, 1, 2, 3].map((n) => record(n, `other${n}`)), success];
    expect(rest.reduce((step, one) => next(step.state, one), steps.at(-1)!).outcome).toMatchObject({
      end: 'complete',
      records: 4,
      cursor: { number: 3, witness: 'other3' },
    });
  });

  it('asks for the last one where nothing is new by its number, and fetches everything when that is another', () => {
    const none = dialogue({ cursor: cursor(41) }, counted(1), record(41), success);
    expect(written(none)).toEqual(['0403012900', '0103012900', '0106']);
    const ends = (...rest: Happening[]) => rest.reduce((step, one) => next(step.state, one), none.at(-1)!);
    for (const rest of [[record(41), success], [answer('06000104')], [late], [{ is: 'refused', att: 14 } as const]])
      expect(ends(...rest).outcome).toMatchObject({ end: 'complete', cursor: cursor(41) });
    const anew = [record(1, 'new1'), success];
    expect(hex(ends(...anew).write)).toBe('0401');
    const all = [counted(3), record(40), record(41), record(1, 'new1'), success];
    expect(ends(...anew, ...all).outcome).toMatchObject({ end: 'complete', records: 3 });
  });

  it('does without a count where a device cannot count', () => {
    for (const refusal of [answer('06000402'), answer('06000404'), answer('06000409'), { is: 'late' } as const])
      expect(endOf({}, refusal, record(1), success)).toMatchObject({ end: 'complete', cursor: cursor(1) });
  });

  it('asks for everything where a device knows no "from"', () => {
    for (const code of ['03', '04', '05', '09']) {
      const steps = dialogue({ cursor: cursor(4) }, counted(9), answer(`060001${code}`), counted(5), record(4));
      expect(written(steps).slice(-2)).toEqual(['0401', '0101']);
    }
    expect(endOf({}, counted(5), answer('06000102'))).toMatchObject({ end: 'refused', why: 'op-code-not-supported' });
  });

  it('keeps what came when the last answer is missing, and does not move past a gap', () => {
    const goal = { cursor: cursor(7) };
    const lost = { is: 'link-lost' } as const;
    const cut = (...numbers: number[]) => endOf(goal, counted(5), ...numbers.map((n) => record(n)), lost);
    expect(cut(7, 8, 9)).toEqual({ end: 'incomplete', why: 'link-lost', records: 3, cursor: cursor(9) });
    expect(cut(7, 8, 10)).toMatchObject({ cursor: cursor(8) });
    expect(cut(10, 9)).toMatchObject({ records: 2, cursor: cursor(7) });
    expect(cut()).toMatchObject({ records: 0, cursor: cursor(7) });
  });

  it('of a whole memory that breaks off stands on nothing, and remembers the run it began with', () => {
    const cut = (...numbers: number[]) => endOf({}, counted(9), ...numbers.map((n) => record(n)), { is: 'link-lost' });
    expect(cut(3, 4, 6)).toEqual({
      end: 'incomplete',
      why: 'link-lost',
      records: 3,
      run: { low: cursor(3), high: cursor(4) },
    });
    expect(cut(9, 8, 7)?.run).toEqual({ low: cursor(9), high: cursor(9) });
    expect(cut()?.run).toBeUndefined();
  });

  it('goes on after such a run if the device holds none below it, and else begins again', () => {
    const run = { low: cursor(3), high: cursor(5) };
    const on = dialogue({ run }, counted(6), counted(6), counted(4), record(5), record(6), success);
    expect(written(on)).toEqual(['0401', '0403010300', '0403010500', '0103010500']);
    expect(on.at(-1)?.outcome).toEqual({ end: 'incomplete', why: 'fewer-than-counted', records: 2, cursor: cursor(6) });
    const again = dialogue({ run }, counted(7), counted(6));
    expect(written(again)).toEqual(['0401', '0403010300', '0401']);
    for (const silence of [answer('06000402'), { is: 'late' } as const])
      expect(written(dialogue({ run }, silence))).toEqual(['0401', '0401']);
  });

  it('is not complete when fewer came than were counted, whatever the device says', () => {
    expect(endOf({}, counted(3), record(1), record(3), success)).toEqual({
      end: 'incomplete',
      why: 'fewer-than-counted',
      records: 2,
      run: { low: cursor(1), high: cursor(1) },
    });
    expect(endOf({ cursor: cursor(1) }, counted(3), record(1), record(2), record(2), success)).toMatchObject({
      end: 'incomplete',
      cursor: cursor(2),
    });
  });

  it('takes the newest first as well as the oldest', () => {
    expect(endOf({}, counted(3), record(9), record(8), record(7), success)).toMatchObject({
      end: 'complete',
      cursor: cursor(9),
    });
  });

  it('is not complete when what a sensor measured meanwhile stands in for what was lost', () => {
    const goal = { cursor: cursor(100), spacing: 5, live: true };
    const told = [counted(3), record(100), record(110), record(115), success];
    const lost = dialogue(goal, ...told, counted(4));
    expect(written(lost)).toEqual(['0403016400', '0103016400', '0403016400']);
    expect(lost.at(-1)?.outcome).toMatchObject({ end: 'incomplete', why: 'fewer-than-counted', cursor: cursor(100) });
    const all = [counted(2), record(100), record(105), record(110), success];
    for (const last of [counted(3), counted(2), answer('06000402'), { is: 'refused', att: 14 } as const, late])
      expect(endOf(goal, ...all, last)).toMatchObject({ end: 'complete', cursor: cursor(110) });
  });

  it('does not stand on a record that came without what it announced, and asks for it again', () => {
    const torn = (number: number): Happening => ({ ...record(number), torn: true }) as Happening;
    const goal = { cursor: cursor(1) };
    expect(endOf(goal, counted(3), record(1), torn(2), record(3), success)).toMatchObject({
      end: 'incomplete',
      why: 'fewer-than-counted',
      cursor: cursor(1),
    });
    expect(endOf(goal, answer('06000402'), record(1), torn(2), success)).toMatchObject({ end: 'incomplete' });
    // told twice, and once whole; or known before
    expect(endOf(goal, counted(2), record(1), torn(2), record(2), success)).toMatchObject({ end: 'complete' });
    expect(endOf(goal, counted(2), torn(1), record(2), success)).toMatchObject({ end: 'complete', cursor: cursor(2) });
    expect(endOf({}, counted(2), torn(1), record(2), { is: 'link-lost' })?.run).toEqual({
      low: cursor(2),
      high: cursor(2),
    });
  });

  it('takes as many records as numbers can tell apart without growing slow', () => {
    let step = beginFetch({});
    step = next(step.state, counted(racpLimits.records - 1));
    for (let n = 0; n < racpLimits.records; n++) step = next(step.state, record(n));
    expect(next(step.state, success).outcome).toMatchObject({ end: 'complete', records: racpLimits.records });
  });

  it('counts by the interval of a sensor', () => {
    const cut = endOf({ cursor: cursor(100), spacing: 5 }, counted(4), record(100), record(105), record(115), {
      is: 'link-lost',
    });
    expect(cut?.cursor).toEqual(cursor(105));
  });

  it('waits while the device is busy, a few times', () => {
    const busy = answer('0600040a');
    const steps = dialogue({}, busy, { is: 'late' });
    expect(steps[1]).toMatchObject({ waitMs: racpLimits.busyMs });
    expect(written(steps)).toEqual(['0401', '0401']);
    const stubborn = Array.from({ length: racpLimits.busyTries + 1 }, () => [busy, { is: 'late' } as const]).flat();
    const end = dialogue({}, ...stubborn).find((step) => step.outcome)?.outcome;
    expect(end).toMatchObject({ end: 'incomplete', why: 'busy' });
    for (const att of [0x80, 0xfe])
      expect(dialogue({}, { is: 'refused', att }).at(-1)).toMatchObject({ waitMs: racpLimits.busyMs });
  });

  it('tells when nobody has subscribed', () => {
    for (const att of [0x81, 0xfd])
      expect(endOf({}, { is: 'refused', att })).toMatchObject({ end: 'refused', why: 'not-subscribed' });
  });

  it('aborts when the device falls silent or the session must leave, and keeps what came', () => {
    const silent = dialogue({ cursor: cursor(1) }, counted(9), record(1), record(2), { is: 'late' });
    expect(written(silent).at(-1)).toBe('0300');
    for (const end of [answer('06000301'), answer('06000307'), { is: 'late' } as const])
      expect(next(silent.at(-1)!.state, end).outcome).toMatchObject({
        end: 'incomplete',
        why: 'late',
        cursor: cursor(2),
      });
    const left = dialogue(
      { cursor: cursor(1) },
      counted(9),
      record(1),
      record(2),
      { is: 'leave' },
      record(3),
      answer('06000301'),
    );
    expect(left.at(-1)?.outcome).toMatchObject({ end: 'incomplete', why: 'left', records: 3, cursor: cursor(3) });
  });

  it('goes on waiting when an answer does not conform', () => {
    expect(dialogue({}, counted(1), answer('0500030201'), record(1), success).at(-1)?.outcome?.end).toBe('complete');
  });

  it('loses no record that a device kept, whatever is lost on the way', () => {
    // a device with records 0…n-1; each fetch may lose records and break off; what is stored is what came before a cursor was kept
    const fetches = fc.array(
      fc.record({
        grows: fc.nat(6),
        drop: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
        cutAt: fc.nat(45),
        newestFirst: fc.boolean(),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(fetches, (visits) => {
        let kept: Cursor | undefined;
        let run: Run | undefined;
        let size = 0;
        const stored = new Set<number>();
        const call = (losses: (typeof visits)[number], honest: boolean) => {
          size += losses.grows;
          let step = beginFetch({ ...(kept ? { cursor: kept } : {}), ...(run ? { run } : {}) });
          for (let turn = 0; turn < 10 && !step.outcome; turn++) {
            const asked = hex(step.write) ?? '';
            const from = asked.length === 4 ? 0 : Number.parseInt(asked.slice(6, 8), 16);
            const mine = Array.from({ length: size }, (_, n) => n).filter((n) => n >= from);
            if (asked.startsWith('04')) step = next(step.state, counted(mine.length));
            else {
              if (losses.newestFirst) mine.reverse();
              const sent = honest ? mine : mine.slice(0, losses.cutAt).filter((n) => !losses.drop[n]);
              for (const n of sent) {
                stored.add(n);
                step = next(step.state, record(n));
              }
              const broke = !honest && mine.length > losses.cutAt;
              step = next(step.state, broke ? { is: 'link-lost' } : mine.length === 0 ? none : success);
            }
          }
          if (!step.outcome) return expect.fail('it never ends');
          ({ cursor: kept, run } = step.outcome);
          for (let n = 0; kept && n <= kept.number; n++) if (!stored.has(n)) expect.fail(`skipped ${n} of ${size}`);
        };
        for (const losses of visits) call(losses, false);
        call(visits[0]!, true);
        for (let n = 0; n < size; n++) if (!stored.has(n)) expect.fail(`lost ${n} of ${size}`);
      }),
      { numRuns: 3_000, seed: 2026 },
    );
  });

  it('ends, and says nothing more, whatever happens', () => {
    const anything = fc.oneof(
      fc.record({ is: fc.constant('record' as const), number: fc.nat(20), witness: fc.constantFrom('a', 'b') }),
      fc.record({ is: fc.constant('answer' as const), bytes: fc.uint8Array({ maxLength: 6 }) }),
      fc.constantFrom(counted(2), success, none, answer('06000301'), answer('0600010a')),
      fc.record({ is: fc.constant('refused' as const), att: fc.nat(255) }),
      fc.constantFrom({ is: 'late' } as const, { is: 'leave' } as const),
    );
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 30 }), fc.option(fc.nat(20), { nil: undefined }), (all, known) => {
        let step = beginFetch(known === undefined ? {} : { cursor: cursor(known) });
        for (const one of [...all, ...Array.from({ length: 40 }, () => ({ is: 'late' }) as const)]) {
          const over = step.outcome !== undefined || step.state.phase === 'over';
          step = next(step.state, one);
          if (over) expect(step).toEqual({ state: step.state });
          else expect(step.outcome !== undefined || (step.waitMs ?? 0) > 0).toBe(true);
        }
        expect(step.state.phase).toBe('over');
      }),
      { numRuns: 1_000, seed: 2026 },
    );
  });
});
