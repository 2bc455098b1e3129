import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, evidenceAtMost, severities, snoozeAtLeastMinutes, snoozeAtMostMinutes } from '#domain/alert.ts';
import { type AlertChange, change, entryOf } from '#domain/alert-change.ts';
import { alertOf, evidenceAt, iso, minute, people, story } from '../support/alerts.ts';

/** What holds of an alert whatever people and readings do to it, in any order. */

type Step = { before: Alert; event: AlertChange; after: Alert };

/** The changes that were accepted, on alerts that nobody may write into. */
function play(events: readonly AlertChange[], first = alertOf()): Step[] {
  let alert = frozen(first);
  const steps: Step[] = [];
  for (const event of events) {
    const result = change(alert, frozen(event));
    if ('refused' in result) continue;
    steps.push({ before: alert, event, after: result.alert });
    alert = frozen(result.alert);
  }
  return steps;
}

function frozen<T>(one: T): T {
  if (typeof one === 'object' && one !== null) for (const part of Object.values(Object.freeze(one))) frozen(part);
  return one;
}

const always = (law: (step: Step) => void) =>
  fc.assert(
    fc.property(story, (events) => {
      for (const step of play(events)) law(step);
    }),
    { numRuns: 300 },
  );

const rank = (alert: Alert) => severities.indexOf(alert.severity);
const [doctor, nurse] = people as [(typeof people)[number], (typeof people)[number]];

describe('an alert', () => {
  it('becomes no less grave while it is unresolved; only one that comes back may', () => {
    always(({ before, event, after }) => {
      if (event.kind !== 'reopen') expect(rank(after)).toBeGreaterThanOrEqual(rank(before));
    });
  });

  it('is resolved once, and then only comes back', () => {
    always(({ before, event, after }) => {
      expect(before.state === 'resolved').toBe(event.kind === 'reopen');
      expect(after.state === 'resolved').toBe(event.kind === 'resolve');
      expect(after.state === 'resolved').toBe(after.resolvedAt !== null && after.outcome !== null);
    });
  });

  it('is in the hands of somebody exactly when it is acknowledged', () => {
    always(({ after }) => {
      if (after.state === 'resolved') return;
      expect(after.acknowledgedBy !== null).toBe(after.state === 'acknowledged');
      expect(after.acknowledgedAt !== null).toBe(after.state === 'acknowledged');
    });
  });

  it('that somebody has in hand calls nobody, until it is worse, confirmed anew or back, or its snooze is over', () => {
    always(({ before, event, after }) => {
      if (before.state !== 'acknowledged' || after.state !== 'open') return;
      if (event.kind === 'join') expect([before.recoveredAt !== null, after.recoveredAt]).toEqual([true, null]);
      else expect(['worsen', 'renew', 'wake', 'unsnooze']).toContain(event.kind);
      if (event.kind === 'unsnooze') expect(before.snooze?.before).toBe('open');
      expect(after.raisedAt).toBe(event.at);
    });
  });

  it('has recovered exactly while the trouble of every rule that raised it is back inside', () => {
    always(({ after }) => {
      if (after.state === 'resolved') return;
      expect(after.recoveredAt !== null).toBe(Object.values(after.standing).every((one) => one === 'within'));
    });
  });

  it('never keeps the same reading twice, nor more of them than its row may hold', () => {
    always(({ after }) => {
      expect(after.evidence.length).toBeLessThanOrEqual(evidenceAtMost);
      expect(new Set(after.evidence.map((one) => one.reading)).size).toBe(after.evidence.length);
    });
  });

  it('has one row of its journal for each change, which says who, when and what', () => {
    always(({ before, event, after }) => {
      const entry = entryOf(event, before, after);
      expect(entry).toMatchObject({ at: event.at, actor: 'by' in event ? event.by : null });
      expect(entry.kind).not.toBe('');
      expect(JSON.stringify(entry.detail)).not.toContain('values');
    });
  });
});

describe('a snooze', () => {
  it('is never shorter or longer than the severity allows, and always in the hands of somebody', () => {
    always(({ after: { snooze, severity, state } }) => {
      if (!snooze) return;
      const minutes = (Date.parse(snooze.until) - Date.parse(snooze.at)) / minute;
      expect(minutes).toBeGreaterThanOrEqual(snoozeAtLeastMinutes);
      expect(minutes).toBeLessThanOrEqual(snoozeAtMostMinutes[severity]);
      expect(state).toBe('acknowledged');
    });
  });

  it('silences nothing graver, and no relapse', () => {
    always(({ before, event, after }) => {
      if (!before.snooze) return;
      if (event.kind === 'worsen') expect([after.state, after.snooze]).toEqual(['open', null]);
      if (after.recoveredAt) expect(after.snooze).toBeNull();
    });
    const recovered = alertOf({ standing: { severe: 'within' }, recoveredAt: iso(0) });
    const snooze: AlertChange = { kind: 'snooze', by: nurse, until: iso(30 * minute), note: null, at: iso(0) };
    expect(change(recovered, snooze)).toEqual({ refused: 'nothing-to-snooze' });
  });

  it('that is undone leaves the alert as it was before', () => {
    const acknowledged = alertOf({ state: 'acknowledged', acknowledgedAt: iso(0), acknowledgedBy: doctor });
    for (const before of [alertOf(), acknowledged]) {
      const [at, until] = [iso(minute), iso(31 * minute)];
      const [, again, undone] = play(
        [
          { kind: 'snooze', by: nurse, until, note: null, at },
          { kind: 'snooze', by: doctor, until: iso(60 * minute), note: null, at: iso(2 * minute) },
          { kind: 'unsnooze', by: nurse, at: iso(3 * minute) },
        ],
        before,
      );
      expect(again?.after.snooze).toMatchObject({ by: doctor, before: before.state });
      expect(undone?.after).toEqual({ ...before, raisedAt: undone?.after.raisedAt });
    }
  });

  it('that is undone calls nobody where the alert was given to a colleague meanwhile', () => {
    const last = play(
      [
        { kind: 'snooze', by: nurse, until: iso(30 * minute), note: null, at: iso(0) },
        { kind: 'hand-over', by: nurse, to: doctor, note: null, at: iso(minute) },
        { kind: 'unsnooze', by: nurse, at: iso(2 * minute) },
      ],
      alertOf(),
    ).at(-1);
    expect(last?.after).toMatchObject({ state: 'acknowledged', acknowledgedBy: doctor, snooze: null });
  });
});

describe('an acknowledged alert', () => {
  const acknowledged = alertOf({ state: 'acknowledged', acknowledgedAt: iso(0), acknowledgedBy: doctor });

  it('can be handed over, and be taken over, and says since when they have it', () => {
    const [first, second] = play(
      [
        { kind: 'hand-over', by: doctor, to: nurse, note: 'End of my shift', at: iso(minute) },
        { kind: 'hand-over', by: doctor, to: doctor, note: null, at: iso(2 * minute) },
      ],
      acknowledged,
    );
    expect(first?.after).toMatchObject({ acknowledgedBy: nurse, acknowledgedAt: iso(minute), note: 'End of my shift' });
    expect(second?.after).toMatchObject({ acknowledgedBy: doctor, state: 'acknowledged' });
    const again = { kind: 'hand-over', by: nurse, to: doctor, note: null, at: iso(minute) } as const;
    expect(change(acknowledged, again)).toEqual({ refused: 'already-theirs' });
    expect(change(alertOf(), again)).toEqual({ refused: 'not-acknowledged' });
  });

  it('keeps what came first and what came last when readings join it for days', () => {
    const joins = Array.from({ length: 200 }, (_, n): AlertChange => {
      const [evidence, at] = [[evidenceAt(n * minute)], iso(n * minute)];
      return { kind: 'join', rule: 'severe', standing: null, evidence, at };
    });
    const taken = play(joins, acknowledged)
      .at(-1)
      ?.after.evidence.map((one) => one.takenAt);
    expect(taken?.slice(0, 5)).toEqual([0, 1, 2, 3, 4].map((n) => iso(n * minute)));
    expect(taken?.slice(-45)).toEqual(Array.from({ length: 45 }, (_, n) => iso((155 + n) * minute)));
  });
});
