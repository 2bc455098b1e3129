import type { RuleParameter } from '#domain/rule-book.ts';
import type { PanelName } from '#domain/vitals.ts';
import type { Rule } from '../rule.ts';
import { type Bounds, days, quietDays, recoveryMargin } from './parameters.ts';

/**
 * What the care plan expects and has not come, and whose silence that is. Nothing is expected of a patient who is paused, and a platform that
 * does not hear well itself accuses nobody.
 *
 * Sources, by the names the parameters use:
 * - CMS: remote monitoring counts a month with readings on at least 16 of 30 days; a day counts once.
 * - Practice: a daily measurement has a grace of 4 to 6 hours; a nurse asks after two missed days in heart failure, after three to five where
 *   blood pressure is measured.
 */

const panels: readonly [PanelName, ...PanelName[]] = [
  'blood-pressure',
  'glucose',
  'continuous-glucose',
  'pulse-oximetry',
  'body-weight',
  'body-temperature',
  'heart-rate',
  'blood-ketone',
  'body-composition',
];

const missedAtLeast = (bounds: Bounds): RuleParameter => ({
  name: 'missed-at-least',
  label: { en: 'Missed in a row at least', zh: '连续漏测至少' },
  unit: '1',
  ...bounds,
});
const grace: RuleParameter = {
  name: 'grace-hours',
  label: { en: 'Grace after each', zh: '每次宽限时间' },
  unit: 'h',
  default: 6,
  low: 1,
  high: 48,
  source: 'Practice: 4 to 6 hours for a daily measurement.',
};

const seldom: Rule = {
  rule: 'measuring-seldom',
  problem: 'measuring-missed',
  programmes: [],
  version: 1,
  title: { en: 'Measures less than planned', zh: '测量次数少于计划' },
  severity: 'routine',
  panels,
  judging: { kind: 'adherence' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 3 * 24 * 60,
      title: {
        en: 'Call the patient: measures less than planned. What stands in the way? Is the plan too much?',
        zh: '致电患者：测量次数少于计划。了解困难所在，评估计划是否过多。',
      },
    },
  ],
  advice: {
    en: 'Within days: ask what stands in the way, show again how to measure, or ask for less.',
    zh: '数日内：询问困难，重新示范测量方法，或适当减少测量要求。',
  },
  parameters: [
    days({ default: 14, low: 7, high: 14, source: 'CMS judges by the month; two weeks leave time to help within it.' }),
    {
      name: 'adherence-percent',
      label: { en: 'Measured of what was planned, below', zh: '测量完成率低于' },
      unit: '%',
      default: 50,
      low: 20,
      high: 90,
      source: 'CMS: 16 of 30 days, about half.',
    },
    recoveryMargin('%', {
      default: 15,
      low: 0,
      high: 50,
      source: 'Two days of fourteen, so that it does not come and go.',
    }),
    quietDays({ default: 14, low: 7, high: 90, source: 'What was agreed on the telephone needs two weeks to show.' }),
  ],
};

const missed: Rule = {
  rule: 'measurements-missed',
  problem: 'measuring-missed',
  programmes: [],
  version: 1,
  title: { en: 'Planned measurements missed', zh: '计划测量未完成' },
  severity: 'routine',
  panels,
  judging: { kind: 'absence', cause: 'patient' },
  pages: false,
  tasks: [
    {
      kind: 'call',
      role: 'nurse',
      dueAfterMinutes: 24 * 60,
      title: {
        en: 'Call the patient: nothing was measured. Is all well? Help to measure.',
        zh: '致电患者：未按计划测量。了解是否一切安好，并协助测量。',
      },
    },
  ],
  advice: {
    en: 'Within a day: call. Away from home or in hospital: pause the plan until the day of return.',
    zh: '一日内致电。如外出或住院：将计划暂停至返回之日。',
  },
  parameters: [
    missedAtLeast({ default: 6, low: 1, high: 20, source: 'Practice: three days of twice daily, six of once daily.' }),
    grace,
  ],
};

const weightMissed: Rule = {
  ...missed,
  rule: 'weight-missed',
  programmes: ['heart-failure'],
  title: { en: 'Planned weighing missed', zh: '计划称重未完成' },
  panels: ['body-weight'],
  parameters: [
    missedAtLeast({
      default: 2,
      low: 1,
      high: 14,
      source: 'Practice: two missed days in heart failure, for who feels ill stops weighing.',
    }),
    grace,
  ],
};

const deviceSilent: Rule = {
  rule: 'device-silent',
  problem: 'device-silent',
  programmes: [],
  version: 1,
  title: { en: 'A device is not heard any more', zh: '设备失联' },
  severity: 'routine',
  panels,
  judging: { kind: 'absence', cause: 'device' },
  pages: false,
  tasks: [
    {
      kind: 'check-device',
      role: 'nurse',
      dueAfterMinutes: 48 * 60,
      title: {
        en: 'Check the device with the patient: battery, distance to the gateway, pairing.',
        zh: '与患者一起检查设备：电池、与网关的距离及配对情况。',
      },
    },
  ],
  advice: {
    en: 'Within two days: change the battery, bring device and gateway together, pair again or exchange it. Ask how the patient is.',
    zh: '两日内：更换电池，将设备靠近网关，重新配对或更换设备，并询问患者近况。',
  },
  parameters: [
    missedAtLeast({ default: 2, low: 1, high: 20, source: 'Once may be a device left in a bag; twice is a fault.' }),
    grace,
  ],
};

const gatewaySilent: Rule = {
  ...deviceSilent,
  rule: 'gateway-silent',
  problem: 'gateway-silent',
  title: { en: 'Nothing is heard from the home', zh: '住所网关失联' },
  judging: { kind: 'absence', cause: 'gateway' },
  tasks: [
    {
      kind: 'check-device',
      role: 'nurse',
      dueAfterMinutes: 24 * 60,
      title: {
        en: 'Call the home: the gateway has no power or no network. How is the patient?',
        zh: '致电住所：网关断电或断网，并询问患者近况。',
      },
    },
  ],
  advice: {
    en: 'Within a day: call, for nothing is known of the patient. Power, network, router; devices keep their readings until the gateway is back.',
    zh: '一日内致电：目前无法了解患者情况。检查电源、网络及路由器；网关恢复前读数保存在设备中。',
  },
  parameters: [
    missedAtLeast({ default: 1, low: 1, high: 20, source: 'A home that is not heard at all hides an emergency too.' }),
    grace,
  ],
};

export const adherence: readonly Rule[] = [seldom, missed, weightMissed, deviceSilent, gatewaySilent];
