import { describe, expect, it } from 'vitest';
import { severities } from '#domain/alert.ts';
import type { Reason } from '#domain/views.ts';
import { groupOf } from '../../dashboards/console/pages/triage.ts';
import { duration, relative, shortMoment } from '../../dashboards/console/time/format.ts';

const reason = (wish: Partial<Reason>): Reason => ({
  kind: 'alert',
  severity: 'critical',
  since: '2026-01-01T00:00:00Z',
  title: { en: 'x', zh: 'x' },
  ...wish,
});

describe('the groups of the worklist', () => {
  it('put what nobody attends to before whatever somebody is on, however grave that is', () => {
    const attended = reason({ acknowledged: true });
    const groups = { critical: 'now', urgent: 'today', routine: 'in-hand' } as const;
    for (const severity of severities)
      expect(groupOf({ reasons: [attended, reason({ severity, acknowledged: false })] }), severity).toBe(
        groups[severity],
      );
  });

  it('never hide an open critical alert behind another reason, in any order', () => {
    const others = severities.map((severity) => reason({ severity, acknowledged: true }));
    const open = reason({ acknowledged: false });
    for (let place = 0; place <= others.length; place++)
      expect(groupOf({ reasons: others.toSpliced(place, 0, open) })).toBe('now');
  });

  it('call steady only those without any reason', () => {
    expect(groupOf({ reasons: [] })).toBe('steady');
    expect(groupOf({ reasons: [reason({ kind: 'task-due', severity: 'routine' })] })).toBe('review');
  });
});

describe('times as people write them', () => {
  const now = Date.UTC(2026, 10, 21, 15, 30);

  it('stand in the time zone of the team, with the day where it is not today there', () => {
    const at = Date.UTC(2026, 10, 21, 15, 20);
    expect(shortMoment(at, now, 'en', 'Asia/Shanghai')).toBe('23:20');
    expect(shortMoment(at, now, 'zh', 'Europe/London')).toBe('15:20');
    expect(shortMoment(Date.UTC(2026, 10, 21, 16, 20), now, 'en', 'Asia/Shanghai')).toMatch(/22 Nov.*00:20/);
    expect(shortMoment(Date.UTC(2025, 10, 21), now, 'zh', 'Asia/Shanghai')).toMatch(/2025年11月21日/);
  });

  it('say how long ago, and how long it took, in both languages', () => {
    expect(relative(now - 20_000, now, 'zh', '刚刚')).toBe('刚刚');
    expect(relative(now - 3 * 60_000, now, 'en', 'just now')).toBe('3 min ago');
    expect(relative(now + 26 * 60_000, now, 'zh', '刚刚')).toBe('26分钟后');
    expect(duration(800, 'en')).toBe('0.8 s');
    expect(duration(125_000, 'en')).toBe('2 min 5 s');
    expect(duration(3 * 3_600_000, 'zh')).toBe('3小时');
    expect(duration(27 * 3_600_000 + 59_000, 'en')).toBe('1 d 3 h');
  });
});
