import { mgPerDlInOneMmolPerL } from '#domain/glucose-unit.ts';
import type { Mark } from '#domain/reading.ts';
import { panels, type VitalName, vitals } from '#domain/vitals.ts';
import type { Language, Words } from '#domain/words.ts';
import type { Average, Finding } from '../finding.ts';
import { limitsOf } from '../limits.ts';
import type { Rule, Silence } from '../rule.ts';
import {
  amount,
  amounts,
  inBoth,
  joined,
  limitText,
  lowered,
  spanText,
  valueText,
  vitalText,
} from './explain-values.ts';

type Parameters = Record<string, number>;
type Of<Ground extends Finding['ground']> = Extract<Finding, { ground: Ground }>;

/**
 * Why an alert was raised: what was measured, against which limit, over which time, in sentences a doctor reads once.
 *
 * @param lateMs how long ago its last reading was taken, where that is too long for the alert to call anybody.
 */
export function explainFinding(
  rule: Rule,
  parameters: Parameters,
  finding: Finding,
  lateMs: number | undefined,
): Words {
  const found = explain(rule, parameters, finding);
  return lateMs === undefined ? found : joined(found, lateWords(rule, lateMs));
}

function explain(rule: Rule, parameters: Parameters, finding: Finding): Words {
  switch (finding.ground) {
    case 'repeated':
      return repeatedWords(rule, parameters, finding);
    case 'sustained':
      return sustainedWords(finding);
    case 'average':
      return averageWords(rule, parameters, finding);
    case 'change':
      return changeWords(parameters, finding);
    case 'forecast':
      return forecastWords(finding);
    case 'share':
      return shareWords(parameters, finding);
    case 'variability':
      return variabilityWords(parameters, finding);
    case 'combination':
      return combinationWords(finding);
    case 'score':
      return scoreWords(parameters, finding);
    case 'adherence':
      return adherenceWords(parameters, finding);
    case 'absence':
      return absenceWords(finding);
  }
}

function lateWords({ pages }: Rule, lateMs: number): Words {
  const span = spanText(lateMs);
  const would = pages
    ? { en: 'In time it would have called the person on call.', zh: '若及时到达，会呼叫值班人员。' }
    : { en: 'In time it would have been a graver alert.', zh: '若及时到达，警报级别会更高。' };
  return {
    en: `The last of it was taken ${span.en} before it was heard. ${would.en} Because it is old, nobody was called: please find out how the patient is now.`,
    zh: `其中最后一次测量于 ${span.zh}前完成，现在才到达。${would.zh}因数据已非实时，未呼叫任何人：请了解患者目前情况。`,
  };
}

function repeatedWords(rule: Rule, parameters: Parameters, { beyond, of, spanMs, marks }: Of<'repeated'>): Words {
  const span = spanText(spanMs);
  const count =
    beyond === of
      ? { en: `Each of ${of} readings within ${span.en}`, zh: `${span.zh}内 ${of} 次测量均` }
      : {
          en: `${beyond} of the last ${of} readings, within ${span.en},`,
          zh: `${span.zh}内最近 ${of} 次测量中有 ${beyond} 次`,
        };
  if (marks.length > 0) {
    const names = marks.map((mark) => markWords[mark] ?? { en: mark.replaceAll('-', ' '), zh: mark });
    const name = { en: names.map(({ en }) => en).join(', '), zh: names.map(({ zh }) => zh).join('、') };
    const words = {
      en: `${count.en} came with the device's own remark: ${name.en}.`,
      zh: `${count.zh}由设备自身提示：${name.zh}。`,
    };
    return marks.includes('irregular-pulse') ? joined(words, noDiagnosis) : words;
  }
  const limits = limitText(limitsOf(rule, parameters));
  return {
    en: `${count.en} ${beyond === of ? 'was' : 'were'} beyond the limit: ${limits.en}.`,
    zh: `${count.zh}超出限值：${limits.zh}。`,
  };
}

const noDiagnosis: Words = {
  en: 'This is no diagnosis: only an ECG shows which rhythm it is.',
  zh: '此提示并非诊断：心律类型须由心电图判定。',
};

const markWords: Partial<Record<Mark, Words>> = {
  'irregular-pulse': { en: 'irregular pulse', zh: '脉搏不规则' },
  'cuff-too-loose': { en: 'cuff too loose', zh: '袖带过松' },
  'body-movement': { en: 'movement during the measurement', zh: '测量时身体移动' },
  'device-fault': { en: 'fault of the device', zh: '设备故障' },
  'battery-low': { en: 'battery low', zh: '电量不足' },
  'clock-in-doubt': { en: 'its clock is in doubt', zh: '设备时钟存疑' },
  'poor-signal': { en: 'poor signal', zh: '信号不佳' },
  'low-perfusion': { en: 'low perfusion of the finger', zh: '低灌注' },
  'no-pulse-found': { en: 'no pulse found', zh: '未检出脉搏' },
  'sensor-off': { en: 'sensor off', zh: '传感器未贴合' },
  'improper-position': { en: 'measured in a wrong position', zh: '测量姿势不当' },
  'sample-insufficient': { en: 'too little blood on the strip', zh: '血样不足' },
  'strip-error': { en: 'bad strip', zh: '试纸错误' },
  'measurement-interrupted': { en: 'measurement interrupted', zh: '测量中断' },
  'outside-operating-temperature': { en: 'too cold or too warm for the device', zh: '超出设备工作温度' },
  'early-estimate': { en: 'estimated too early', zh: '初步估计值' },
  questionable: { en: 'value in doubt', zh: '设备提示结果可疑' },
};

function sustainedWords({ limit, worst, latest, samples, spanMs }: Of<'sustained'>): Words {
  const [limits, span] = [limitText([limit]), spanText(spanMs)];
  const [far, now] = [amounts(limit.vital, worst), amounts(limit.vital, latest)];
  return {
    en: `Beyond the limit (${limits.en}) for ${span.en} without a gap: ${samples} samples, ${limit.side === 'above' ? 'highest' : 'lowest'} ${far.en}, latest ${now.en}.`,
    zh: `超出限值（${limits.zh}）已连续 ${span.zh}，期间数据无中断：共 ${samples} 个采样，${limit.side === 'above' ? '最高' : '最低'} ${far.zh}，最新 ${now.zh}。`,
  };
}

function averageWords(rule: Rule, parameters: Parameters, { now, before, days }: Of<'average'>): Words {
  const limits = limitText(limitsOf(rule, parameters));
  const mean = meanWords(now);
  const dropped = (parameters['dropped-days'] ?? 1) > 0;
  const words = {
    en: `The home average of the last ${days} days is ${mean.en} (${now.readings} readings on ${now.days} days${dropped ? ', the first day not counted' : ''})`,
    zh: `近 ${days} 天家庭测量均值为 ${mean.zh}（${now.days} 天共 ${now.readings} 次测量${dropped ? '，首日不计' : ''}）`,
  };
  const earlier = before && meanWords(before);
  return {
    en: `${words.en}${earlier ? `; the ${days} days before it was ${earlier.en} (${before.readings} readings)` : ''}. Limit: ${limits.en}.`,
    zh: `${words.zh}${earlier ? `；此前 ${days} 天均值为 ${earlier.zh}（${before.readings} 次测量）` : ''}。限值：${limits.zh}。`,
  };
}

const meanWords = ({ mean }: Average): Words =>
  inBoth((language) => {
    const values = (Object.entries(mean) as [VitalName, number][]).map(([vital, value]) => ({
      vital,
      value,
      unit: vitals[vital].ucum,
    }));
    const pair = values.filter(({ vital }) => vital === 'systolic' || vital === 'diastolic');
    return valueText({ values: pair.length > 0 ? pair : values }, language);
  });

function changeWords(parameters: Parameters, { vital, latest, median, readings, days }: Of<'change'>): Words {
  const up = latest > median;
  const told = parameters['change-at-least'] ?? 0;
  const say = (language: Language, value: number) => amount(vital, value, language);
  return {
    en: `${vitals[vital].name.en} is ${say('en', latest)}: ${say('en', Math.abs(latest - median))} ${up ? 'above' : 'below'} the median of the ${days} days before (${say('en', median)}, ${readings} readings). Limit: ${say('en', told)}.`,
    zh: `${vitals[vital].name.zh} ${say('zh', latest)}，较此前 ${days} 天中位数（${say('zh', median)}，${readings} 次测量）${up ? '升高' : '下降'} ${say('zh', Math.abs(latest - median))}。限值：${say('zh', told)}。`,
  };
}

function forecastWords({ limit, latest, perMinute, inMinutes }: Of<'forecast'>): Words {
  const { vital, value } = limit;
  const falling = perMinute < 0;
  const minutes = Math.max(1, Math.round(inMinutes));
  const rate = inBoth((language) => rateText(vital, Math.abs(perMinute), language));
  const [now, there] = [amounts(vital, latest), amounts(vital, value)];
  return {
    en: `${vitals[vital].name.en} is ${now.en} and ${falling ? 'falls' : 'rises'} by ${rate.en} a minute: at this rate it is ${falling ? 'below' : 'at'} ${there.en} in about ${minutes} min.`,
    zh: `${vitals[vital].name.zh} ${now.zh}，每分钟${falling ? '下降' : '上升'} ${rate.zh}：按此趋势约 ${minutes} 分钟后将${falling ? '低于' : '达到'} ${there.zh}。`,
  };
}

/** A rate is smaller than the digits of its vital show. */
function rateText(vital: VitalName, perMinute: number, language: Language): string {
  if ((vital === 'glucose' || vital === 'sensor-glucose') && language === 'zh')
    return `${(perMinute / mgPerDlInOneMmolPerL).toFixed(2)} mmol/L`;
  return `${perMinute.toFixed(1)} ${vitals[vital].unit}`;
}

function shareWords(parameters: Parameters, found: Of<'share'>): Words {
  const { vital, of, percent, coverage, days, low, high } = found;
  const range = inBoth((language) => {
    const say = (value: number) => amount(vital, value, language);
    if (of === 'in' && low !== undefined && high !== undefined)
      return language === 'en'
        ? `in range (${say(low)} to ${say(high)})`
        : `处于目标范围（${say(low)} 至 ${say(high)}）`;
    if (of === 'below' && low !== undefined) return language === 'en' ? `below ${say(low)}` : `低于 ${say(low)}`;
    return language === 'en' ? `above ${say(high ?? 0)}` : `高于 ${say(high ?? 0)}`;
  });
  const told = parameters['share-percent'] ?? 0;
  return {
    en: `Over the last ${days} days ${lowered(vitals[vital].name.en)} was ${range.en} for ${percentText(percent)} of the time; ${percentText(coverage)} of the time was measured. Limit: ${of === 'in' ? 'less than' : 'at least'} ${told} %.`,
    zh: `近 ${days} 天${vitals[vital].name.zh}${range.zh}的时间占 ${percentText(percent)}；有效监测时间占 ${percentText(coverage)}。限值：${of === 'in' ? '低于' : '不低于'} ${told} %。`,
  };
}

const percentText = (percent: number): string => `${percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`;

function variabilityWords(parameters: Parameters, found: Of<'variability'>): Words {
  const { vital, measure, value, mean, readings, days } = found;
  const told = parameters['variability-at-least'] ?? 0;
  const say = (of: number, language: Language) => (measure === 'cv' ? percentText(of) : amount(vital, of, language));
  const name =
    measure === 'cv' ? { en: 'coefficient of variation', zh: '变异系数' } : { en: 'standard deviation', zh: '标准差' };
  return {
    en: `Over the last ${days} days the ${name.en} of ${lowered(vitals[vital].name.en)} was ${say(value, 'en')} (mean ${amount(vital, mean, 'en')}, ${readings} values). Limit: ${say(told, 'en')}.`,
    zh: `近 ${days} 天${vitals[vital].name.zh}的${name.zh}为 ${say(value, 'zh')}（均值 ${amount(vital, mean, 'zh')}，${readings} 个数值）。限值：${say(told, 'zh')}。`,
  };
}

function combinationWords({ measured, spanMs }: Of<'combination'>): Words {
  const span = spanText(spanMs);
  return inBoth((language) => {
    const list = measured.map(({ limit, value }) => {
      const limits = limitText([limit])[language];
      return language === 'en'
        ? `${vitalText(limit.vital, 'en')} ${amount(limit.vital, value, 'en')} (limit ${limits})`
        : `${vitalText(limit.vital, 'zh')} ${amount(limit.vital, value, 'zh')}（限值 ${limits}）`;
    });
    return language === 'en'
      ? `Together within ${span.en}: ${list.join(', ')}.`
      : `${span.zh}内同时出现：${list.join('、')}。`;
  });
}

function scoreWords(parameters: Parameters, { total, lines }: Of<'score'>): Words {
  const told = parameters['score-at-least'] ?? 0;
  const single = parameters['single-at-least'];
  const window = parameters['within-minutes'] ?? 0;
  return inBoth((language) => {
    const list = lines.map(({ name, vital, value, points }) =>
      language === 'en'
        ? `${name.en} ${amount(vital, value, 'en')} (${points})`
        : `${name.zh} ${amount(vital, value, 'zh')}（${points} 分）`,
    );
    return language === 'en'
      ? `NEWS2 is ${total} points, out of values taken within ${window} min: ${list.join(', ')}. Limit: ${told} points in all${single === undefined ? '' : `, or ${single} in one item`}.`
      : `NEWS2 总分 ${total} 分，各项数值均在 ${window} 分钟内测得：${list.join('、')}。限值：总分 ${told} 分${single === undefined ? '' : `，或单项 ${single} 分`}。`;
  });
}

function adherenceWords(parameters: Parameters, { panel, came, expected, days, percent }: Of<'adherence'>): Words {
  const told = parameters['adherence-percent'] ?? 0;
  const { name } = panels[panel];
  return {
    en: `Over ${days} days of the plan ${came} of ${expected} expected measurements of ${lowered(name.en)} came: ${percentText(percent)}. Limit: less than ${told} %.`,
    zh: `计划内 ${days} 天应测${name.zh} ${expected} 次，实测 ${came} 次，完成率 ${percentText(percent)}。限值：低于 ${told} %。`,
  };
}

function absenceWords({ panel, missed, latest, silentMs, cause }: Of<'absence'>): Words {
  const name = panels[panel].name;
  const span = spanText(silentMs);
  const since =
    latest === undefined
      ? { en: 'none is known', zh: '尚无任何读数' }
      : { en: `the last one was taken ${span.en} ago`, zh: `末次测量在 ${span.zh}前` };
  const times = missed === 1 ? { en: '', zh: '' } : { en: ` ${missed} times in a row`, zh: `连续 ${missed} 次` };
  return joined(
    {
      en: `${name.en} was expected and has not come${times.en}; ${since.en}.`,
      zh: `应收到的${name.zh}读数${times.zh}未收到；${since.zh}。`,
    },
    causeWords[cause],
  );
}

const causeWords: Record<Silence, Words> = {
  patient: {
    en: 'Device and gateway work as far as we know: nobody has measured.',
    zh: '设备与网关目前看来正常：患者未测量。',
  },
  device: {
    en: 'The home is heard, but this device is not: empty battery, out of reach or broken?',
    zh: '家中网关在线，但收不到该设备：可能电量耗尽、超出范围或损坏。',
  },
  gateway: {
    en: 'Nothing at all is heard from this home: the gateway is without power or network, so nothing is known of the patient.',
    zh: '该住所无任何信号：网关断电或断网，患者情况不明。',
  },
  platform: {
    en: 'The platform itself does not hear well at present: this says nothing about the patient.',
    zh: '平台自身目前接收异常：不代表患者情况。',
  },
};
