import type { Words } from './words.ts';

/**
 * The catalogue of vital signs. One entry here and the message schema, the store's fields, OpenAPI, the console's labels
 * and the Grafana panels know it.
 *
 * LOINC and UCUM: loinc.org, ucum.org (case-sensitive). MDC: ISO/IEEE 11073-10101 (`urn:iso:std:iso:11073:10101`).
 * Hard range: outside it is a fault of the device, not a person. Soft range: possible, worth a second look.
 * Ranges: blood pressure and pulse after the gates of A&D's own software and clinical review; SpO2 after MDPnP (50-100);
 * each is an engineering limit for plausibility, never a clinical threshold (those live in rules/book).
 */
export type Vital = {
  loinc: string;
  /** UCUM code: the one unit in which this vital travels and is stored. */
  ucum: string;
  /** How people write the unit. */
  unit: string;
  mdc: number;
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
} as const satisfies Record<string, Vital>;

export type VitalName = keyof typeof vitals;
export const vitalNames = Object.keys(vitals) as [VitalName, ...VitalName[]];

/**
 * A panel is what one measurement yields together: one message entry, one InfluxDB measurement of the same name,
 * one FHIR Observation with components. `required` must be there, the rest may be.
 */
export type Panel = { loinc: string; name: Words; required: readonly VitalName[]; optional: readonly VitalName[] };

export const panels = {
  'blood-pressure': {
    loinc: '85354-9',
    name: { en: 'Blood pressure', zh: '血压' },
    required: ['systolic', 'diastolic'],
    optional: ['mean-arterial-pressure', 'pulse-rate'],
  },
  'heart-rate': { loinc: '8867-4', name: { en: 'Heart rate', zh: '心率' }, required: ['heart-rate'], optional: [] },
  'pulse-oximetry': {
    loinc: '59408-5',
    name: { en: 'Oxygen saturation', zh: '血氧' },
    required: ['oxygen-saturation'],
    optional: ['pulse-rate'],
  },
} as const satisfies Record<string, Panel>;

export type PanelName = keyof typeof panels;
export const panelNames = Object.keys(panels) as [PanelName, ...PanelName[]];

export const vitalsOf = (panel: PanelName): readonly VitalName[] => [
  ...panels[panel].required,
  ...panels[panel].optional,
];
