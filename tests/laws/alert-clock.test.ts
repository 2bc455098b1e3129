import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, severities } from '#domain/alert.ts';
import { type AlertEntry, change, entryOf, openingEntry } from '#domain/alert-change.ts';
import { acknowledgeWithinMs, type Call, callsOf, reportOn } from '#domain/alert-clock.ts';
import { alertOf, escalation, evidenceAt, iso, minute, people, start, story, words } from '../support/alerts.ts';

/** The clock of a call, as the journal tells it, and how a team answered. */

const [doctor, nurse] = people as [(typeof people)[number], (typeof people)[number]];
const opened = (wish: Partial<Alert> = {}) => openingEntry(alertOf({ severity: 'critical', ...wish }));
const row = (kind: string, ms: number, actor: typeof doctor | null = null): AlertEntry => ({
  ...{ at: iso(ms), kind, actor, note: null, detail: {} },
});
const worsened = (ms: number): AlertEntry => ({
  ...row('worsened', ms),
  detail: { severity: 'critical', calls: true, measured: iso(ms - 2 * minute), heard: iso(ms - minute), stored: null },
});
const one = (entries: AlertEntry[], nowMs: number): Call => {
  const call = callsOf(entries, start + nowMs).at(-1);
  if (!call) throw new Error('no call');
  return call;
};

describe('the clock of a call', () => {
  it('goes from the measurement that decided it to the person who answered', () => {
    const evidence = [evidenceAt(0), { ...evidenceAt(2 * minute), storedAt: iso(2 * minute + 1_500) }];
    const entries = [
      opened({ evidence, openedAt: iso(2 * minute + 2_000) }),
      row('paged', 2 * minute + 3_000),
      row('seen', 4 * minute, nurse),
      row('acknowledged', 5 * minute, doctor),
    ];
    expect(one(entries, 60 * minute).clock).toEqual({
      ...{ measured: iso(2 * minute), heard: iso(2 * minute + 1_000), stored: iso(2 * minute + 1_500) },
      ...{ opened: iso(2 * minute + 2_000), paged: iso(2 * minute + 3_000) },
      ...{ seen: iso(4 * minute), acknowledged: iso(5 * minute) },
      budget: { endsAt: iso(7 * minute), kept: true },
    });
  });

  it('begins anew when the alert calls anew', () => {
    const entries = [
      opened(),
      row('paged', 1),
      row('acknowledged', minute, doctor),
      worsened(60 * minute),
      row('paged', 61 * minute),
    ];
    const [first, second] = callsOf(entries, start + 62 * minute);
    expect([first?.clock.acknowledged, first?.clock.paged]).toEqual([iso(minute), iso(1)]);
    expect(second?.clock).toMatchObject({
      ...{ measured: iso(58 * minute), opened: iso(60 * minute), paged: iso(61 * minute), acknowledged: null },
      budget: { endsAt: iso(63 * minute), kept: null },
    });
  });

  it('says of the budget that it is kept, is not, or neither yet; and nothing where nobody is called', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_200_000 }), fc.integer({ min: 0, max: 1_200_000 }), (answered, later) => {
        const after = [opened(), row('acknowledged', answered, doctor)];
        expect(one(after, answered + later).clock.budget?.kept).toBe(answered <= acknowledgeWithinMs);
        expect(one([opened()], later).clock.budget?.kept).toBe(later > acknowledgeWithinMs ? false : null);
      }),
    );
    expect(one([opened({ escalation: null })], 0).clock.budget).toBeNull();
  });

  it('is not stopped by who looked, nor by a recovery, nor by the next call', () => {
    for (const end of [row('resolved', 9 * minute), worsened(9 * minute)]) {
      const [call] = callsOf([opened(), row('seen', minute, nurse), end], start + 20 * minute);
      expect(call?.clock).toMatchObject({ acknowledged: null, budget: { kept: false } });
      expect(call?.endedAt).toBe(iso(9 * minute));
    }
  });

  it('can be told of every alert, whatever happened to it', () => {
    fc.assert(
      fc.property(story, (events) => {
        let alert = alertOf();
        const entries = [openingEntry(alert)];
        for (const event of events) {
          const result = change(alert, event);
          if ('refused' in result) continue;
          entries.push(entryOf(event, alert, result.alert));
          alert = result.alert;
        }
        const calls = callsOf(entries, start + 1e9);
        const raised = entries.filter(({ kind }) => ['opened', 'worsened', 'renewed', 'reopened'].includes(kind));
        expect(calls.map(({ clock }) => clock.opened)).toEqual(raised.map(({ at }) => at));
        for (const { clock } of calls) expect(Date.parse(clock.measured)).toBeLessThanOrEqual(Date.parse(clock.opened));
      }),
    );
  });
});

describe('the report of a team', () => {
  const callAfter = (waitedMs: number | null): Call =>
    one([opened(), ...(waitedMs === null ? [] : [row('acknowledged', waitedMs, doctor)])], 3_600_000);

  it('counts critical calls by what they waited; what nobody answered by what it has waited so far', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: 1, max: 3_000_000 })), { maxLength: 60 }), (waits) => {
        const report = reportOn(waits.map(callAfter), start + 3_600_000);
        const waited = waits.map((ms) => ms ?? 3_600_000).sort((a, b) => a - b);
        expect(report).toMatchObject({
          calls: waits.length,
          answered: waits.filter((ms) => ms !== null).length,
          within: waits.filter((ms) => ms !== null && ms <= acknowledgeWithinMs).length,
          worstMs: waited.at(-1) ?? null,
        });
        expect(report.share).toBe(waits.length === 0 ? null : report.within / waits.length);
        for (const [share, ms] of [
          [0.5, report.medianMs],
          [0.9, report.p90Ms],
        ] as const) {
          if (ms === null) continue;
          expect(waited.filter((each) => each <= ms).length).toBeGreaterThanOrEqual(share * waited.length);
          expect(waited.filter((each) => each < ms).length).toBeLessThan(share * waited.length);
        }
      }),
    );
  });

  it('leaves out what is less grave, what calls nobody, and of the share what is not decided yet', () => {
    const fresh = one([opened()], minute);
    const others = severities
      .filter((severity) => severity !== 'critical')
      .map((severity) => one([opened({ severity })], 3_600_000));
    const quiet = one([opened({ escalation: null })], 3_600_000);
    expect(reportOn([...others, quiet], start)).toMatchObject({ calls: 0, share: null, worstMs: null });
    expect(reportOn([fresh, callAfter(minute)], start + minute)).toMatchObject({ calls: 2, within: 1, share: 1 });
  });
});

it('an alert’s journal holds no measured value', () => {
  const entry = openingEntry(
    alertOf({ evidence: [{ ...evidenceAt(0), values: [{ vital: 'systolic', value: 192.5, unit: 'mm[Hg]' }] }] }),
  );
  const finding = {
    severity: 'critical',
    explanation: words,
    escalation,
    evidence: [evidenceAt(1)],
    at: iso(1),
  } as const;
  const voice = { rule: 'severe', ruleVersion: 1, parameters: {}, title: words };
  const worse = change(alertOf(), { kind: 'worsen', voice, ...finding, evidence: [...finding.evidence] });
  expect('alert' in worse).toBe(true);
  expect(JSON.stringify(entry)).not.toContain('192.5');
});
