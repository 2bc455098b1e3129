import type { Mark } from '#domain/reading.ts';
import type { PanelName } from '#domain/vitals.ts';
import type { Rule } from '../rule.ts';
import { minGap, ofLast, quietDays, readingsAtLeast, withinHours } from './parameters.ts';

/**
 * What devices say of themselves. A marked reading asks the home to measure again and raises nothing; when the same mark comes again and
 * again, somebody must see to the device, for until then it is blind.
 *
 * Sources: the marks are those of the Bluetooth SIG's measurement and sensor status fields. How often is too often are engineering choices:
 * once is an accident that the next measurement mends.
 */

const spot: readonly [PanelName, ...PanelName[]] = [
  'blood-pressure',
  'glucose',
  'blood-ketone',
  'pulse-oximetry',
  'body-weight',
  'body-temperature',
];

const choice = 'An engineering choice:';

/** A mark, or one of several, that came `most` times of the last `of` readings within `hours`, each `gapSeconds` after the one before. */
const again = (
  marks: readonly Mark[],
  panels: Rule['panels'],
  often: { most: number; of: number; hours: number; gapSeconds: number; quiet: number },
  words: Pick<Rule, 'rule' | 'problem' | 'title' | 'advice'> & {
    task: Rule['tasks'][number]['title'];
    /** To see to the device, unless it says something else. */
    kind?: Rule['tasks'][number]['kind'];
    dueAfterHours: number;
  },
): Rule => {
  const { task, kind = 'check-device', dueAfterHours, ...rest } = words;
  return {
    ...rest,
    programmes: [],
    version: 1,
    severity: 'routine',
    panels,
    judging: { kind: 'repeated', marks },
    pages: false,
    tasks: [{ kind, role: 'nurse', dueAfterMinutes: dueAfterHours * 60, title: task }],
    parameters: [
      readingsAtLeast({
        default: often.most,
        low: 2,
        high: 10,
        source: `${choice} once is an accident that the next measurement mends.`,
      }),
      ofLast({ default: often.of, low: 2, high: 20, source: `${choice} more often than not.` }),
      withinHours({ default: often.hours, low: 12, high: 336, source: `${choice} what was long ago has been mended.` }),
      minGap({
        default: often.gapSeconds,
        low: 30,
        high: 86_400,
        source: `${choice} less apart, it is one sitting or one measurement.`,
      }),
      quietDays({
        default: often.quiet,
        low: 0,
        high: 90,
        source: `${choice} the time it takes until somebody has been there.`,
      }),
    ],
  };
};

const looseCuff = again(
  ['cuff-too-loose'],
  ['blood-pressure'],
  { most: 3, of: 5, hours: 120, gapSeconds: 3600, quiet: 7 },
  {
    rule: 'cuff-loose',
    problem: 'cuff-fit',
    title: { en: 'The cuff sits loose again and again', zh: '袖带反复过松' },
    dueAfterHours: 72,
    task: {
      en: 'Show the patient how the cuff sits; measure the arm: does the size fit?',
      zh: '向患者示范袖带佩戴方法；测量臂围，核对袖带尺寸是否合适。',
    },
    advice: {
      en: 'Within days: show how the cuff sits, check its size. Until then its values are not judged.',
      zh: '数日内：示范袖带佩戴，核对尺寸。在此之前其读数不参与判断。',
    },
  },
);

const fault = again(
  ['device-fault'],
  spot,
  { most: 2, of: 3, hours: 72, gapSeconds: 60, quiet: 3 },
  {
    rule: 'device-fault',
    problem: 'device-fault',
    title: { en: 'A device reports a fault', zh: '设备报告故障' },
    dueAfterHours: 24,
    task: { en: 'Exchange the device: it reports a fault of its own.', zh: '更换设备：设备自身报告故障。' },
    advice: {
      en: 'Within a day: exchange the device. Until then its values are not judged.',
      zh: '一日内更换设备。在此之前其读数不参与判断。',
    },
  },
);

const battery = again(
  ['battery-low'],
  spot,
  { most: 2, of: 3, hours: 168, gapSeconds: 3600, quiet: 7 },
  {
    rule: 'device-battery-low',
    problem: 'device-battery',
    title: { en: 'The battery of a device is low', zh: '设备电量不足' },
    dueAfterHours: 72,
    task: { en: 'Have the battery of the device changed.', zh: '协助更换设备电池。' },
    advice: {
      en: 'Within days: have the battery changed, before the device falls silent.',
      zh: '数日内更换电池，以免设备失联。',
    },
  },
);

const clock = again(
  ['clock-in-doubt'],
  spot,
  { most: 3, of: 5, hours: 168, gapSeconds: 3600, quiet: 14 },
  {
    rule: 'device-clock-in-doubt',
    problem: 'device-clock',
    title: { en: 'The clock of a device is in doubt', zh: '设备时钟存疑' },
    dueAfterHours: 7 * 24,
    task: {
      en: 'Set the clock of the device: the times of its readings are in doubt.',
      zh: '校准设备时钟：其读数时间存疑。',
    },
    advice: {
      en: 'Within a week: set the clock, change the battery that keeps it. Its values count; their times may be wrong.',
      zh: '一周内：校准时钟并更换相应电池。读数仍有效，但时间可能有误。',
    },
  },
);

/** A marked value raises nothing: whoever brings forth nothing else, for the hand shakes or is cold from the illness itself, would be judged by nobody. */
const unusable = again(
  [
    'body-movement',
    'improper-position',
    'sample-insufficient',
    'strip-error',
    'measurement-interrupted',
    'outside-operating-temperature',
    'early-estimate',
    'questionable',
    'poor-signal',
    'low-perfusion',
    'no-pulse-found',
    'sensor-off',
  ],
  spot,
  { most: 3, of: 3, hours: 72, gapSeconds: 120, quiet: 2 },
  {
    rule: 'measurements-unusable',
    problem: 'measuring-unusable',
    title: { en: 'No usable measurement, again and again', zh: '多次测量均不可用' },
    dueAfterHours: 4,
    kind: 'call',
    task: {
      en: 'Call the patient: no measurement can be used. How is the patient? Measure again together, at rest and with a warm hand.',
      zh: '致电患者：多次测量均不可用。了解患者状况，并指导其静息、保暖双手后复测。',
    },
    advice: {
      en: 'Within four hours: call. A cold hand without a pulse may be the illness itself: ask how the patient is first. Until then these values are not judged.',
      zh: '四小时内致电。手部冰凉、测不到脉搏可能正是病情所致：请先了解患者状况。在此之前这些读数不参与判断。',
    },
  },
);

export const device: readonly Rule[] = [unusable, looseCuff, fault, battery, clock];
