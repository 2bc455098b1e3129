import type { Severity } from '#domain/alert.ts';
import type { Language } from '#domain/words.ts';

/** What stands on a plot and in the table of the command, in both languages. Days and hours of plots are those of UTC unless it says otherwise. */

const en = {
  tag: 'en',
  colon: ': ',
  title: (from: string, to: string) => `Backtest, ${from} to ${to}`,
  scope: (patients: number, weeks: number) =>
    `${patients} ${patients === 1 ? 'patient' : 'patients'}, ${weeks.toFixed(1)} patient-weeks`,
  today: 'As it is today',
  proposed: 'With the change',
  callsByHour: 'Calls of the people on call, by hour of their day',
  alertsByWeek: 'Alerts, by week',
  timeline: 'When which episode stood (times in UTC)',
  noEpisodes: 'No episodes in this time.',
  hour: (hour: number) => `${hour}:00 to ${hour + 1}:00`,
  week: (from: string) => `week from ${from}`,
  more: (count: number) => `${count} more rows found no room.`,
  severity: { routine: 'routine', urgent: 'urgent', critical: 'critical' } as Record<Severity, string>,
  graded: (what: string, severity: string) => `${what} (${severity})`,
  episode: (who: string, severity: string, from: string, to: string | null) =>
    `${who}: ${severity}, from ${from}${to === null ? ', open at the end' : ` to ${to}`}`,
  burden: (alerts: number, calls: number, night: number) =>
    `${alerts} alerts, ${calls} calls, ${night} of them between 22:00 and 7:00.`,
  differences: (appeared: number, vanished: number) => `${appeared} episodes would appear, ${vanished} would vanish.`,
  people: {
    acknowledge: (minutes: number | null) =>
      minutes === null ? 'nobody acknowledges' : `alerts are acknowledged after ${minutes} min`,
    close: (hours: number | null) =>
      hours === null ? 'nobody closes them' : `a person closes them ${hours} h after their last evidence`,
    assumed: (what: string) => `Assumed: ${what}.`,
    and: ', ',
  },
  columns: {
    rule: 'Rule',
    alerts: 'Alerts',
    perWeek: 'per patient-week',
    calls: 'Calls',
    night: 'at night',
    cleared: 'cleared by themselves',
    found: 'dangers found',
    delay: 'median delay',
    needless: 'needless',
  },
  all: 'All of these',
  minutes: (minutes: number) =>
    Math.abs(minutes) < 120 ? `${Math.round(minutes)} min` : `${(minutes / 60).toFixed(1)} h`,
  appeared: 'Would appear',
  vanished: 'Would vanish',
  readings: (count: number) => `${count} readings`,
  callHours: 'Calls by hour of the day',
};

export type Texts = typeof en;

const zh: Texts = {
  tag: 'zh-CN',
  colon: '：',
  title: (from, to) => `回测：${from} 至 ${to}`,
  scope: (patients, weeks) => `${patients} 名患者，共 ${weeks.toFixed(1)} 患者周`,
  today: '现行设置',
  proposed: '拟议修改',
  callsByHour: '呼叫值班人员次数（按当地时间的小时）',
  alertsByWeek: '每周警报数',
  timeline: '警报事件时间线（UTC 时间）',
  noEpisodes: '此期间无警报事件。',
  hour: (hour) => `${hour}:00—${hour + 1}:00`,
  week: (from) => `${from} 起的一周`,
  more: (count) => `另有 ${count} 行未能显示。`,
  severity: { routine: '常规', urgent: '紧急', critical: '危急' },
  graded: (what, severity) => `${what}（${severity}）`,
  episode: (who, severity, from, to) =>
    `${who}：${severity}，${from} 起${to === null ? '，期末仍未关闭' : `，至 ${to}`}`,
  burden: (alerts, calls, night) => `警报 ${alerts} 次，呼叫 ${calls} 次，其中 22:00 至次日 7:00 之间 ${night} 次。`,
  differences: (appeared, vanished) => `将新增 ${appeared} 次警报事件，减少 ${vanished} 次。`,
  people: {
    acknowledge: (minutes) => (minutes === null ? '无人确认警报' : `警报在 ${minutes} 分钟后得到确认`),
    close: (hours) => (hours === null ? '无人关闭警报' : `最后一次证据后 ${hours} 小时由人员关闭`),
    assumed: (what) => `假定：${what}。`,
    and: '，',
  },
  columns: {
    rule: '规则',
    alerts: '警报',
    perWeek: '每患者周',
    calls: '呼叫',
    night: '夜间',
    cleared: '自行缓解',
    found: '检出危险事件',
    delay: '中位延迟',
    needless: '不必要',
  },
  all: '以上合计',
  minutes: (minutes) => (Math.abs(minutes) < 120 ? `${Math.round(minutes)} 分钟` : `${(minutes / 60).toFixed(1)} 小时`),
  appeared: '将新增',
  vanished: '将减少',
  readings: (count) => `${count} 条读数`,
  callHours: '呼叫时段分布（24 小时）',
};

export const plotWords: Record<Language, Texts> = { en, zh };
