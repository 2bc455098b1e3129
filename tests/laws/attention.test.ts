import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { severities } from '#domain/alert.ts';
import { AlertId, PatientId, ReadingId, TaskId, TeamId } from '#domain/ids.ts';
import { WorklistEntry } from '#domain/views.ts';
import type { PatientMatter } from '#runtime/records/worklist.ts';
import { dueSoonMs, reasonsOf, worklistOf } from '../../clinician-api/attention.ts';

const now = Date.parse('2026-07-30T12:00:00.000Z');
const hour = 3_600_000;
const ago = (ms: number) => new Date(now - ms).toISOString();
const words = (text: string) => ({ en: text, zh: `${text} 文` });

type Wish = {
  name?: string;
  taken?: number | null;
  silentAfterMinutes?: number;
  /** When it ends, in ms after now. */
  pausedFor?: number;
  alerts?: [severity: PatientMatter['alerts'][0]['severity'], state: 'open' | 'acknowledged', openedAgo: number][];
  tasks?: number[];
};

/** Times are ms before now; a negative one is ahead. */
function matter({
  name = 'A',
  taken = hour,
  silentAfterMinutes = 1800,
  pausedFor,
  alerts = [],
  tasks = [],
}: Wish): PatientMatter {
  return {
    patient: {
      id: PatientId.parse(randomUUID()),
      team: TeamId.parse(randomUUID()),
      name: words(name),
      birthDate: '1948-07-31',
      sex: 'female',
      conditions: [],
    },
    addedAt: ago(1000 * hour),
    silentAfterMinutes,
    pause: pausedFor === undefined ? null : { from: ago(48 * hour), until: ago(-pausedFor), reason: 'holiday' },
    latest:
      taken === null
        ? []
        : (['pulse-rate', 'systolic'] as const).map((vital, index) => ({
            vital,
            panel: 'blood-pressure' as const,
            value: 100,
            takenAt: ago(taken + index * hour),
            heardAt: ago(taken),
            storedAt: ago(taken),
            reading: ReadingId.parse('0'.repeat(32)),
            device: 'cuff-1' as never,
            marks: [],
          })),
    alerts: alerts.map(([severity, state, openedAgo]) => ({
      id: AlertId.parse(randomUUID()),
      severity,
      state,
      title: words('alert'),
      openedAt: ago(openedAgo),
    })),
    tasks: tasks.map((dueAgo) => ({ id: TaskId.parse(randomUUID()), title: words('task'), dueAt: ago(dueAgo) })),
  };
}

const order = (matters: PatientMatter[], language: 'en' | 'zh' = 'en') =>
  worklistOf(matters, now, language).map((entry) => entry.patient.name.en);

describe('the worklist', () => {
  it('puts the reasons in the order of need', () => {
    const inOrder: Wish[] = [
      { name: 'critical', alerts: [['critical', 'open', hour]] },
      { name: 'urgent', alerts: [['urgent', 'open', 9 * hour]] },
      { name: 'critical, somebody is on it', alerts: [['critical', 'acknowledged', 9 * hour]] },
      { name: 'urgent, somebody is on it', alerts: [['urgent', 'acknowledged', 9 * hour]] },
      { name: 'task overdue', tasks: [hour] },
      { name: 'silent', taken: 31 * hour },
      { name: 'routine', alerts: [['routine', 'open', 99 * hour]] },
      { name: 'routine, somebody is on it', alerts: [['routine', 'acknowledged', 99 * hour]] },
      { name: 'task due', tasks: [-hour] },
      { name: 'never measured', taken: null },
      { name: 'nothing' },
    ];
    expect(order(inOrder.map(matter).reverse())).toEqual(inOrder.map((wish) => wish.name));
  });

  it('puts who has waited longest first among equals', () => {
    const matters = [2, 30, 7].map((hours) =>
      matter({ name: String(hours), alerts: [['critical', 'open', hours * hour]] }),
    );
    expect(order(matters)).toEqual(['30', '7', '2']);
  });

  it('sorts those who need nothing by name, in the language of whoever asks', () => {
    const named = [
      ['Mary', '张'],
      ['Bob', '王'],
      ['Zoe', '安'],
    ].map(([en, zh]) => {
      const one = matter({});
      one.patient.name = { en: en ?? '', zh: zh ?? '' };
      return one;
    });
    expect(order(named)).toEqual(['Bob', 'Mary', 'Zoe']);
    // An, Wang, Zhang: by sound, not by code point
    expect(order(named, 'zh')).toEqual(['Zoe', 'Bob', 'Mary']);
  });

  it('misses nobody who is paused, says until when, and misses them again once the pause is over', () => {
    for (const taken of [40 * hour, null]) {
      const paused = worklistOf([matter({ taken, pausedFor: hour })], now, 'en')[0];
      expect(paused).toMatchObject({ silent: false, reasons: [], pause: { reason: 'holiday', until: ago(-hour) } });
      const back = worklistOf([matter({ taken, pausedFor: 0 })], now, 'en')[0];
      expect(back).toMatchObject({ silent: taken !== null, pause: null });
      expect(back?.reasons).toHaveLength(1);
    }
    // what is known of them counts as ever
    const alerts: Wish['alerts'] = [['critical', 'open', hour]];
    expect(reasonsOf(matter({ pausedFor: hour, alerts }), now)).toHaveLength(1);
  });

  it('names every reason of a patient, the gravest first', () => {
    const kinds = reasonsOf(
      matter({ taken: 40 * hour, alerts: [['routine', 'open', hour]], tasks: [-hour, hour] }),
      now,
    ).map((reason) => reason.kind);
    expect(kinds).toEqual(['task-overdue', 'silent', 'alert', 'task-due']);
  });

  it('calls nobody silent before the time their own care plan names, and says since when', () => {
    expect(reasonsOf(matter({ taken: 30 * hour - 1 }), now)).toEqual([]);
    const [reason] = reasonsOf(matter({ taken: 30 * hour }), now);
    expect(reason).toMatchObject({ kind: 'silent', since: ago(0), title: { en: 'No reading for 30 h' } });
    expect(reasonsOf(matter({ taken: 2 * hour, silentAfterMinutes: 60 }), now)[0]).toMatchObject({ since: ago(hour) });
  });

  it('says for how long in minutes, hours and days, in both languages', () => {
    const silentFor = (taken: number) => reasonsOf(matter({ taken, silentAfterMinutes: 1 }), now)[0]?.title;
    expect(silentFor(hour / 30)).toEqual({ en: 'No reading for 2 min', zh: '已 2 分钟没有测量数据' });
    expect(silentFor(hour - 1)).toEqual({ en: 'No reading for 59 min', zh: '已 59 分钟没有测量数据' });
    expect(silentFor(hour)).toEqual({ en: 'No reading for 1 h', zh: '已 1 小时没有测量数据' });
    expect(silentFor(48 * hour)).toEqual({ en: 'No reading for 2 days', zh: '已 2 天没有测量数据' });
  });

  it('leaves tasks out that are due later than a day from now', () => {
    expect(reasonsOf(matter({ tasks: [-dueSoonMs - 1] }), now)).toEqual([]);
    expect(reasonsOf(matter({ tasks: [-dueSoonMs] }), now)).toHaveLength(1);
  });

  it('counts age in whole years of the day', () => {
    expect(worklistOf([matter({})], now, 'en')[0]?.patient.age).toBe(77);
    expect(worklistOf([matter({})], now + 24 * hour, 'en')[0]?.patient.age).toBe(78);
  });

  it('is the same whatever order the records come in, fits its schema, and never lets a lesser reason overtake', () => {
    const anyMatter = fc
      .record({
        name: fc.constantFrom('A', 'B', 'C'),
        taken: fc.option(fc.integer({ min: 0, max: 90 * hour })),
        alerts: fc.array(
          fc.tuple(fc.constantFrom(...severities), fc.constantFrom('open', 'acknowledged'), fc.nat(99 * hour)),
          { maxLength: 3 },
        ),
        tasks: fc.array(fc.integer({ min: -30 * hour, max: 30 * hour }), { maxLength: 3 }),
      })
      .map((wish) => matter(wish as Wish));
    fc.assert(
      fc.property(fc.array(anyMatter, { maxLength: 12 }), fc.infiniteStream(fc.nat(1000)), (matters, chance) => {
        const list = worklistOf(matters, now, 'en');
        const shuffled = matters.map((each) => ({ each, key: chance.next().value })).sort((a, b) => a.key - b.key);
        expect(
          worklistOf(
            shuffled.map(({ each }) => each),
            now,
            'en',
          ),
        ).toEqual(list);
        expect(list).toHaveLength(matters.length);
        for (const entry of list) WorklistEntry.parse(entry);
        const critical = list.map((entry) =>
          entry.reasons.some((reason) => reason.severity === 'critical' && reason.acknowledged === false),
        );
        expect(critical.lastIndexOf(true)).toBe(critical.filter(Boolean).length - 1);
      }),
      { numRuns: 200 },
    );
  });
});
