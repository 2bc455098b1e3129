import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '#runtime/clock.ts';
import { silentLog } from '#runtime/log.ts';
import { type Random, seededRandom } from '#runtime/random.ts';
import type { Outbox } from '../../gateway-agent/outbox/outbox.ts';
import { openOrSalvage } from '../../gateway-agent/outbox/salvage.ts';
import { settleFrames } from '../../gateway-agent/visit/settle.ts';
import { heardFrame, numberOf } from '../support/heard-frames.ts';
import { numbers, outboxRoom } from '../support/outbox-room.ts';
import { cutBetween, cutWhileOpening, type OnDisk, onDisk, putOnDisk } from '../support/power-cuts.ts';

const room = outboxRoom();
const device = 'AA:BB:CC:00:00:01';

/**
 * A gateway's days with power cuts in them, everything by a seed: it hears, settles, notes how far a memory was fetched, gets receipts, corrects
 * times, and hears old measurements again; the power fails in the midst of a write, while the log is brought into the file, and while the next life
 * does so. `onDisk` after each word is what had been promised by then.
 */
it.each([1, 2])(
  'what an outbox promised holds after every power cut, and the word in whose midst it came counts whole or not at all (seed %i)',
  (seed) => {
    const random = seededRandom(seed);
    const seen = { cuts: 0, whileLogIsBroughtIn: 0, whileLogIsBegunAnew: 0 };
    const accepted = new Set<number>();
    const receipted = new Set<number>();
    let next = 1;
    let outbox = open(room.path);
    let before: OnDisk = onDisk(room.path);
    let state = stateOf(outbox);

    for (let word = 1; word <= 620; word++) {
      const undone = { accepted: new Set(accepted), receipted: new Set(receipted), next };
      next = say(outbox, random, { next, accepted, receipted });
      const after = onDisk(room.path);
      const was = state;
      state = stateOf(outbox);
      const isBroughtIn = !after.file.equals(before.file);
      const isBegunAnew =
        !isBroughtIn && after.log.length > 32 && !after.log.subarray(0, 32).equals(before.log.subarray(0, 32));
      if (isBroughtIn) seen.whileLogIsBroughtIn++;
      if (isBegunAnew) seen.whileLogIsBegunAnew++;
      for (let cut = 0; cut < (isBroughtIn || isBegunAnew ? 12 : word % 20 === 0 ? 1 : 0); cut++)
        afterACut(cutBetween(random, before, after), was, state);
      before = after;
      if (random.next() > 0.006) continue;

      // and life goes on from there
      const cut = cutBetween(random, before, after);
      room.close(outbox);
      putOnDisk(room.path, cut);
      outbox = open(room.path);
      const found = stateOf(outbox);
      expect([was, state]).toContainEqual(found);
      if (JSON.stringify(found) === JSON.stringify(was)) ({ next } = restore(undone));
      state = found;
      before = onDisk(room.path);
    }
    settleFrames(outbox, outbox.unsettled(), true, 'UTC');
    for (const n of accepted) if (!receipted.has(n)) expect(numbers(outbox)).toContain(n);
    expect(numbers(outbox).filter((n) => receipted.has(n))).toEqual([]);
    expect(Math.min(seen.whileLogIsBroughtIn, seen.whileLogIsBegunAnew)).toBeGreaterThan(0);
    expect(seen.cuts).toBeGreaterThan(60);
    expect(readdirSync(room.folder).filter((name) => name.includes('damaged'))).toEqual([]);

    function restore(to: Told) {
      for (const [all, as] of [
        [accepted, to.accepted],
        [receipted, to.receipted],
      ] as const) {
        all.clear();
        for (const n of as) all.add(n);
      }
      return to;
    }

    /** @param cut is opened on its own, and once more after a cut while it was being opened. */
    function afterACut(cut: OnDisk, was: State, is: State): void {
      const path = join(room.folder, 'cut.sqlite');
      putOnDisk(path, cut);
      const first = open(path);
      const found = stateOf(first);
      const opened = onDisk(path);
      room.close(first);
      expect([was, is]).toContainEqual(found);
      putOnDisk(path, cutWhileOpening(random, cut, opened));
      const second = open(path);
      expect(stateOf(second)).toEqual(found);
      second.hear(heardFrame(9_999));
      room.close(second);
      seen.cuts += 2;
    }
  },
);

function open(path: string): Outbox {
  const outbox = openOrSalvage({ clock: systemClock, log: silentLog }, path);
  room.closeLater(outbox);
  return outbox;
}

/** All that an outbox has told anybody of what it holds. */
const stateOf = (outbox: Outbox) => ({
  waiting: outbox.waiting(10_000).map(({ n, message }) => [n, message]),
  unsettled: outbox.unsettled().map(({ n, heardAt }) => [n, heardAt]),
  aside: outbox.aside(1_000),
  note: outbox.notes.of(device),
  answers: outbox.answers.waiting(100),
});
type State = ReturnType<typeof stateOf>;

type Told = { next: number; accepted: Set<number>; receipted: Set<number> };

/** One word of the gateway, which is one commit, or none. @returns the number of the next measurement. */
function say(outbox: Outbox, random: Random, { next, accepted, receipted }: Told): number {
  const unsettled = outbox.unsettled();
  const waiting = outbox.waiting(1_000);
  const some = waiting.filter(() => random.next() < 0.4).slice(0, 6);
  const words: [number, () => number][] = [
    [
      5,
      () => {
        outbox.hear(heardFrame(next));
        accepted.add(next);
        return next + 1;
      },
    ],
    [
      3,
      () => {
        outbox.together(() => {
          settleFrames(outbox, unsettled, true, 'UTC');
          outbox.notes.note(device, { fetched: { 'blood-pressure': { cursor: { sequence: next - 1 } as never } } });
        });
        return next;
      },
    ],
    [
      2,
      () => {
        const outcome = random.next() < 0.9 ? 'stored' : 'quarantined';
        outbox.receive(some.map(({ ref }) => ({ ref, outcome, reason: 'not-assigned' })));
        for (const { message } of some) receipted.add(numberOf(message));
        return next;
      },
    ],
    [
      1,
      () => {
        outbox.rewrite(
          some.map(({ n, message }) => ({ n, message: message.replace('"marks":[]', '"marks":["demo"]') })),
        );
        return next;
      },
    ],
    [
      1,
      () => {
        // a cuff that replays its memory
        const old = 1 + Math.floor(random.next() * (next - 1));
        outbox.together(() => {
          const again = accepted.has(old) ? [outbox.hear(heardFrame(old))] : [];
          settleFrames(outbox, [...unsettled, ...again], true, 'UTC');
        });
        return next;
      },
    ],
    [
      1,
      () => {
        outbox.answers.keep(random.uuid(), '{"v":1}');
        return next;
      },
    ],
  ];
  let draw = random.next() * words.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, word] of words) {
    draw -= weight;
    if (draw < 0) return word();
  }
  return next;
}
