import type { Words } from '#domain/words.ts';

/**
 * What a patient may have wrong, in the words of the book: a patient has one unresolved alert of each. Rules that speak of one problem share
 * it, and the gravest speaks.
 */
export const problems = {
  'blood-pressure-high': { en: 'High blood pressure', zh: '血压过高' },
  'blood-pressure-low': { en: 'Low blood pressure', zh: '血压过低' },
  'blood-pressure-low-diastolic': { en: 'Low diastolic pressure', zh: '舒张压过低' },
  'blood-pressure-control': { en: 'Blood pressure control', zh: '血压控制' },
  'glucose-low': { en: 'Low glucose', zh: '低血糖' },
  'glucose-low-often': { en: 'Low glucose too often', zh: '低血糖频发' },
  'glucose-high': { en: 'High glucose', zh: '高血糖' },
  'glucose-control': { en: 'Glucose control', zh: '血糖控制' },
  ketones: { en: 'Ketones', zh: '血酮升高' },
  'fluid-retention': { en: 'Fluid retention', zh: '体液潴留' },
  'fluid-loss': { en: 'Fluid loss', zh: '体液不足' },
  'oxygen-low': { en: 'Low oxygen', zh: '血氧过低' },
  'breathing-slow': { en: 'Slow breathing', zh: '呼吸过缓' },
  'breathing-fast': { en: 'Fast breathing', zh: '呼吸急促' },
  'pulse-slow': { en: 'Slow pulse', zh: '脉率过缓' },
  'pulse-fast': { en: 'Fast pulse', zh: '脉率过速' },
  'pulse-irregular': { en: 'Irregular pulse', zh: '脉搏不规则' },
  fever: { en: 'Fever', zh: '发热' },
  hypothermia: { en: 'Low body temperature', zh: '体温过低' },
  'consciousness-low': { en: 'Reduced consciousness', zh: '意识障碍' },
  'early-warning': { en: 'Early warning score', zh: '早期预警评分' },
  'measuring-missed': { en: 'Measurements missed', zh: '漏测' },
  'device-silent': { en: 'Device not heard', zh: '设备失联' },
  'gateway-silent': { en: 'Home not heard', zh: '住所失联' },
  'measuring-unusable': { en: 'Unusable measurements', zh: '测量结果不可用' },
  'cuff-fit': { en: 'Fit of the cuff', zh: '袖带佩戴' },
  'device-fault': { en: 'Device fault', zh: '设备故障' },
  'device-battery': { en: 'Device battery', zh: '设备电量' },
  'device-clock': { en: 'Device clock', zh: '设备时钟' },
} as const satisfies Record<string, Words>;

export type Problem = keyof typeof problems;
