import type { Words } from './words.ts';

/**
 * The catalogue of vital signs. One entry here and the message schema, the store's fields, OpenAPI, the console's labels
 * and the Grafana panels know it.
 *
 * LOINC and UCUM: loinc.org, ucum.org (case-sensitive). MDC: ISO/IEEE 11073-10101 (`urn:iso:std:iso:11073:10101`).
 * Hard range: outside it is a fault of the device, not a person. Soft range: possible, worth a second look.
 * Ranges: blood pressure and pulse after the gates of A&D's own software and clinical review; SpO2 after MDPnP (50-100);
 * glucose: from what meters and sensors can show at all (Tidepool uploader, simglucose) up to what nobody survives (Tidepool takes 55 mmol/L,
 * 991 mg/dL); weight: Chan & Raffa 2017 (50 to 750 lb);
 * temperature: MDPnP, and 86 to 110 would be degrees Fahrenheit under a wrong label; respiratory rate: MDPnP shows up to 40, an exhausted
 * child breathes 60; oxygen: high-flow devices give up to 60 L/min, what stands at home up to 15; Glasgow coma score: by its definition.
 * Each is an engineering limit for plausibility, never a clinical threshold (those live in rules/book).
 */
export type Vital = {
  loinc: string;
  /** UCUM code: the one unit in which this vital travels and is stored. */
  ucum: string;
  /** How people write the unit. */
  unit: string;
  /** Absent where ISO/IEEE 11073-10101 has none that we could confirm. */
  mdc?: number;
  name: Words;
  hard: readonly [low: number, high: number];
  soft: readonly [low: number, high: number];
  /** Decimals shown to people. */
  decimals: number;
};

export const vitals = {
  systolic: {
    loinc: '8480-6',
    ucum: 'mm[Hg]',
    unit: 'mmHg',
    mdc: 150021,
    name: { en: 'Systolic blood pressure', zh: '收缩压' },
    hard: [30, 300],
    soft: [70, 250],
    decimals: 0,
  },
  diastolic: {
    loinc: '8462-4',
    ucum: 'mm[Hg]',
    unit: 'mmHg',
    mdc: 150022,
    name: { en: 'Diastolic blood pressure', zh: '舒张压' },
    hard: [10, 250],
    soft: [40, 150],
    decimals: 0,
  },
  'mean-arterial-pressure': {
    loinc: '8478-0',
    ucum: 'mm[Hg]',
    unit: 'mmHg',
    mdc: 150023,
    name: { en: 'Mean arterial pressure', zh: '平均动脉压' },
    hard: [10, 300],
    soft: [50, 180],
    decimals: 0,
  },
  'pulse-rate': {
    loinc: '8867-4',
    ucum: '/min',
    unit: '/min',
    mdc: 149546,
    name: { en: 'Pulse rate', zh: '脉率' },
    hard: [20, 250],
    soft: [40, 180],
    decimals: 0,
  },
  'heart-rate': {
    loinc: '8867-4',
    ucum: '/min',
    unit: '/min',
    mdc: 147842,
    name: { en: 'Heart rate', zh: '心率' },
    hard: [20, 250],
    soft: [40, 180],
    decimals: 0,
  },
  'oxygen-saturation': {
    loinc: '59408-5',
    ucum: '%',
    unit: '%',
    mdc: 150456,
    name: { en: 'Oxygen saturation', zh: '血氧饱和度' },
    hard: [50, 100],
    soft: [70, 100],
    decimals: 0,
  },
  'perfusion-index': {
    loinc: '61006-3',
    ucum: '%',
    unit: '%',
    mdc: 150320,
    name: { en: 'Perfusion index', zh: '灌注指数' },
    hard: [0, 100],
    soft: [0.3, 20],
    decimals: 1,
  },
  glucose: {
    loinc: '41653-7',
    ucum: 'mg/dL',
    unit: 'mg/dL',
    mdc: 160184,
    name: { en: 'Blood glucose', zh: '血糖' },
    // a display ends at 600, a meter of a hospital at 900, a person in a hyperosmolar crisis not at either
    hard: [10, 1000],
    soft: [40, 400],
    decimals: 0,
  },
  'sensor-glucose': {
    loinc: '99504-3',
    ucum: 'mg/dL',
    unit: 'mg/dL',
    mdc: 160212,
    name: { en: 'Sensor glucose', zh: '组织间液葡萄糖' },
    hard: [20, 600],
    soft: [39, 400],
    decimals: 0,
  },
  ketone: {
    loinc: '66441-7',
    ucum: 'mmol/L',
    unit: 'mmol/L',
    name: { en: 'Blood ketone', zh: '血酮' },
    hard: [0, 10],
    soft: [0, 3],
    decimals: 1,
  },
  'body-weight': {
    loinc: '29463-7',
    ucum: 'kg',
    unit: 'kg',
    mdc: 188736,
    name: { en: 'Body weight', zh: '体重' },
    hard: [22.7, 340.2],
    soft: [35, 250],
    decimals: 1,
  },
  'body-height': {
    loinc: '8302-2',
    ucum: 'cm',
    unit: 'cm',
    mdc: 188740,
    name: { en: 'Body height', zh: '身高' },
    hard: [50, 250],
    soft: [120, 210],
    decimals: 0,
  },
  'body-mass-index': {
    loinc: '39156-5',
    ucum: 'kg/m2',
    unit: 'kg/m²',
    mdc: 188752,
    name: { en: 'Body mass index', zh: '体质指数' },
    hard: [10, 100],
    soft: [14, 60],
    decimals: 1,
  },
  'body-fat': {
    loinc: '41982-0',
    ucum: '%',
    unit: '%',
    mdc: 188748,
    name: { en: 'Body fat', zh: '体脂率' },
    hard: [1, 75],
    soft: [4, 60],
    decimals: 1,
  },
  'fat-free-mass': {
    loinc: '91557-9',
    ucum: 'kg',
    unit: 'kg',
    mdc: 188756,
    name: { en: 'Fat-free mass', zh: '去脂体重' },
    hard: [10, 200],
    soft: [25, 120],
    decimals: 1,
  },
  'muscle-mass': {
    loinc: '73964-9',
    ucum: 'kg',
    unit: 'kg',
    name: { en: 'Muscle mass', zh: '肌肉量' },
    hard: [5, 150],
    soft: [10, 80],
    decimals: 1,
  },
  'body-temperature': {
    loinc: '8310-5',
    ucum: 'Cel',
    unit: '°C',
    mdc: 150364,
    name: { en: 'Body temperature', zh: '体温' },
    hard: [25, 45],
    soft: [34, 41],
    decimals: 1,
  },
  'respiratory-rate': {
    loinc: '9279-1',
    ucum: '/min',
    unit: '/min',
    mdc: 151562,
    name: { en: 'Respiratory rate', zh: '呼吸频率' },
    hard: [3, 60],
    soft: [6, 40],
    decimals: 0,
  },
  'inhaled-oxygen-flow': {
    loinc: '3151-8',
    ucum: 'L/min',
    unit: 'L/min',
    name: { en: 'Inhaled oxygen flow', zh: '吸氧流量' },
    // 0 is said too: breathing room air
    hard: [0, 60],
    soft: [0, 15],
    decimals: 1,
  },
  'glasgow-coma-score': {
    loinc: '9269-2',
    ucum: '{score}',
    unit: 'points',
    name: { en: 'Glasgow coma score', zh: '格拉斯哥昏迷评分' },
    hard: [3, 15],
    soft: [13, 15],
    decimals: 0,
  },
} as const satisfies Record<string, Vital>;

export type VitalName = keyof typeof vitals;
export const vitalNames = Object.keys(vitals) as [VitalName, ...VitalName[]];

/**
 * A panel is what one measurement yields together: one message entry, one InfluxDB measurement of the same name,
 * one FHIR Observation with components. `required` must be there, the rest may be.
 */
export type Panel = {
  loinc: string;
  name: Words;
  required: readonly VitalName[];
  optional: readonly VitalName[];
  /** What is worn measures it again and again, and nobody at home could do anything to measure it once more. */
  continuous?: true;
};

export const panels = {
  'blood-pressure': {
    loinc: '85354-9',
    name: { en: 'Blood pressure', zh: '血压' },
    required: ['systolic', 'diastolic'],
    optional: ['mean-arterial-pressure', 'pulse-rate'],
  },
  'heart-rate': {
    loinc: '8867-4',
    name: { en: 'Heart rate', zh: '心率' },
    required: ['heart-rate'],
    optional: [],
    continuous: true,
  },
  'pulse-oximetry': {
    loinc: '59408-5',
    name: { en: 'Oxygen saturation', zh: '血氧' },
    required: ['oxygen-saturation'],
    optional: ['pulse-rate', 'perfusion-index'],
  },
  glucose: { loinc: '41653-7', name: { en: 'Blood glucose', zh: '血糖' }, required: ['glucose'], optional: [] },
  'continuous-glucose': {
    loinc: '99504-3',
    name: { en: 'Continuous glucose', zh: '持续葡萄糖监测' },
    required: ['sensor-glucose'],
    optional: [],
    continuous: true,
  },
  'blood-ketone': { loinc: '66441-7', name: { en: 'Blood ketone', zh: '血酮' }, required: ['ketone'], optional: [] },
  'body-weight': {
    loinc: '29463-7',
    name: { en: 'Body weight', zh: '体重' },
    required: ['body-weight'],
    optional: ['body-mass-index', 'body-height'],
  },
  'body-composition': {
    loinc: '41982-0',
    name: { en: 'Body composition', zh: '身体成分' },
    required: ['body-fat'],
    optional: ['fat-free-mass', 'muscle-mass', 'body-weight', 'body-height'],
  },
  'body-temperature': {
    loinc: '8310-5',
    name: { en: 'Body temperature', zh: '体温' },
    required: ['body-temperature'],
    optional: [],
  },
  respiration: {
    loinc: '9279-1',
    name: { en: 'Respiration', zh: '呼吸' },
    required: ['respiratory-rate'],
    optional: [],
  },
  'oxygen-supply': {
    loinc: '3151-8',
    name: { en: 'Oxygen supply', zh: '吸氧' },
    required: ['inhaled-oxygen-flow'],
    optional: [],
  },
  consciousness: {
    loinc: '9269-2',
    name: { en: 'Consciousness', zh: '意识' },
    required: ['glasgow-coma-score'],
    optional: [],
  },
} as const satisfies Record<string, Panel>;

export type PanelName = keyof typeof panels;
export const panelNames = Object.keys(panels) as [PanelName, ...PanelName[]];

export const isContinuous = (panel: PanelName): boolean => 'continuous' in panels[panel];

export const vitalsOf = (panel: PanelName): readonly VitalName[] => vitalsOfPanels.get(panel)!;
const vitalsOfPanels: ReadonlyMap<PanelName, readonly VitalName[]> = new Map(
  panelNames.map((panel) => [panel, [...panels[panel].required, ...panels[panel].optional]]),
);
