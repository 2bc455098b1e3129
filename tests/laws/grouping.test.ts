import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Severity, severities } from '#domain/alert.ts';
import { AlertId, PageId } from '#domain/ids.ts';
import {
  firstDue,
  groupAtMost,
  groupWithinMs,
  mayGoAt,
  messageOf,
  together,
  type Waiting,
} from '../../rules/paging/group.ts';

/** Ten alerts in a minute are one message: the rules of it, in a little world in which every page arrives. */

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

type Sent = { at: number; pages: Waiting[] };

/** Pages to one person by one channel, of alerts that open at these times; what goes out when. */
function play(alerts: readonly { at: number; severity: Severity }[]): Sent[] {
  const coming = alerts
    .map(({ at, severity }, i): Waiting & { at: number } => ({
      ...{ id: PageId.parse(uuid(i)), alert: AlertId.parse(uuid(i)), attempts: 0, at, severity },
      dueAt: firstDue(severity, at),
    }))
    .sort((a, b) => a.at - b.at);
  const sent: Sent[] = [];
  const waiting: (Waiting & { at: number })[] = [];
  for (;;) {
    const next = [...waiting].sort((a, b) => a.dueAt - b.dueAt)[0];
    const comes = coming[0];
    if (comes && (!next || comes.at <= next.dueAt)) {
      waiting.push(comes);
      coming.shift();
      continue;
    }
    if (!next) return sent;
    const now = next.dueAt;
    const isAsGrave = ({ severity }: Waiting) => severities.indexOf(severity) >= severities.indexOf(next.severity);
    const last = sent.filter(({ at, pages }) => at > now - groupWithinMs && pages.some(isAsGrave)).at(-1)?.at;
    const goesAt = mayGoAt(next, last, now);
    if (goesAt > now) {
      next.dueAt = goesAt;
      continue;
    }
    const pages = together(next, waiting, now);
    sent.push({ at: now, pages });
    for (const page of pages) waiting.splice(waiting.indexOf(page as Waiting & { at: number }), 1);
  }
}

const anyAlerts = fc.array(
  fc.record({ at: fc.integer({ min: 0, max: 600_000 }), severity: fc.constantFrom(...severities) }),
  { minLength: 1, maxLength: 60 },
);

describe('pages that come close together', () => {
  it('go out each in exactly one message, a minute after their alert at the latest', () => {
    fc.assert(
      fc.property(anyAlerts, (alerts) => {
        const sent = play(alerts);
        const told = sent.flatMap(({ pages }) => pages.map(({ id }) => id));
        expect(new Set(told).size).toBe(told.length);
        expect(told).toHaveLength(alerts.length);
        for (const { at, pages } of sent)
          for (const page of pages) {
            const waited = at - (page as unknown as { at: number }).at;
            expect(waited).toBeGreaterThanOrEqual(0);
            expect(waited).toBeLessThanOrEqual(groupWithinMs);
          }
      }),
    );
  });

  it('tell the first critical or urgent alert at once, and those that follow within a minute in one message more', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: groupWithinMs - 1 }), { minLength: 2, maxLength: 10 }),
        fc.constantFrom('critical' as const, 'urgent' as const),
        (times, severity) => {
          const sent = play(times.map((at) => ({ at, severity })));
          const first = Math.min(...times);
          expect(sent[0]?.at).toBe(first);
          expect(sent.length).toBeLessThanOrEqual(2);
          if (sent[1]) expect(sent[1].at).toBe(first + groupWithinMs);
        },
      ),
    );
  });

  it('are one message when all of them are routine, and never delay one that is graver', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: groupWithinMs - 1 }), { minLength: 1, maxLength: 10 }),
        fc.constantFrom('urgent' as const, 'routine' as const),
        fc.integer({ min: 0, max: 2 * groupWithinMs }),
        (times, severity, at) => {
          const lesser = times.map((t) => ({ at: t, severity }));
          expect(play(lesser).length).toBeLessThanOrEqual(severity === 'routine' ? 1 : 2);
          const sent = play([...lesser, { at, severity: 'critical' as const }]);
          const [grave] = sent.filter(({ pages }) => pages.some((page) => page.severity === 'critical'));
          expect(grave?.at).toBe(at);
          expect(grave?.pages[0]?.severity).toBe('critical');
        },
      ),
    );
  });

  it('are told within three minutes when five hundred are critical at once, in no more than four messages', () => {
    const sent = play(Array.from({ length: 500 }, () => ({ at: 0, severity: 'critical' as const })));
    expect(sent.length).toBeLessThanOrEqual(4);
    expect(sent.at(-1)?.at).toBeLessThanOrEqual(3 * groupWithinMs);
  });

  it('leave alone what somebody has in hand or what rests after a failure, and take no more than one reads', () => {
    const page = (n: number, more: Partial<Waiting> = {}): Waiting => ({
      ...{
        id: PageId.parse(uuid(n)),
        alert: AlertId.parse(uuid(n)),
        severity: 'urgent' as const,
        attempts: 0,
        dueAt: 0,
      },
      ...more,
    });
    const lead = page(0, { dueAt: 1_000 });
    const inHand = page(1, { attempts: 1, dueAt: 20_000 });
    const again = page(2, { attempts: 1, dueAt: 900 });
    const waits = page(3, { dueAt: 50_000 });
    expect(together(lead, [inHand, again, waits, lead], 1_000).map(({ id }) => id)).toEqual([
      again.id,
      lead.id,
      waits.id,
    ]);
    const many = Array.from({ length: 200 }, (_, i) => page(i + 10, { severity: i === 199 ? 'critical' : 'routine' }));
    const taken = together(lead, many, 1_000);
    expect(taken).toHaveLength(groupAtMost);
    expect(taken[0]?.severity).toBe('critical');
    expect(taken).toContain(lead);
    // the next step of the same alert, and a further attempt, wait for nothing
    expect(mayGoAt({ ...lead, severity: 'critical', attempts: 1 }, 500, 1_000)).toBe(1_000);
    expect(mayGoAt({ ...lead, severity: 'critical' }, undefined, 1_000)).toBe(1_000);
    expect(mayGoAt({ ...lead, severity: 'critical' }, 500, 1_000)).toBe(500 + groupWithinMs);
  });

  it('are the same message when they are sent again, and another one with one page more or less', () => {
    const ids = fc.uniqueArray(fc.uuid({ version: 4 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(ids, (pages) => {
        const all = pages.map((id) => PageId.parse(id));
        const message = messageOf(all);
        expect(messageOf(all.toReversed())).toBe(message);
        expect(() => PageId.parse(message)).not.toThrow();
        if (all.length === 1) expect(message).toBe(all[0]);
        else expect(messageOf(all.slice(1))).not.toBe(message);
      }),
    );
  });
});
