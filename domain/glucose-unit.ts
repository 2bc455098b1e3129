/** The units in which people say glucose: China and Europe mostly mmol/L, the United States mg/dL. It travels and is stored in mg/dL. */
export const glucoseUnits = ['mmol/L', 'mg/dL'] as const;
export type GlucoseUnit = (typeof glucoseUnits)[number];

/**
 * 1 mol/L in mg/dL, and so 18.016 mg/dL in 1 mmol/L: the molar mass of glucose is 180.16 g/mol. Other programmes use 18.018 or 18.01559, which
 * differs in the fourth digit.
 */
export const mgPerDlInOneMolPerL = 18_016;
export const mgPerDlInOneMmolPerL = mgPerDlInOneMolPerL / 1000;
