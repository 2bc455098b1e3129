import type { Rule } from '../rule.ts';
import { hypertension } from './hypertension.ts';

/** Every rule there is. A new condition is a file beside this one and a line here. */
export const book: readonly Rule[] = [...hypertension];
