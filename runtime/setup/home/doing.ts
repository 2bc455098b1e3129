import { authority, certificates } from './certificates.ts';
import { erase } from './erasing.ts';
import { ask, assign, takeBack } from './handing-out.ts';
import { list } from './listing.ts';
import type { Operator } from './operator.ts';
import { addPatientAs, code, credentials, register, revoke } from './setting-up.ts';
import { trail, verify } from './trail.ts';
import type { Said, Word } from './words.ts';

/** What each word does. The answer is what is printed. @throws SetupFault in one sentence. */
export const doing: Record<Word, (operator: Operator, said: Said) => Promise<string[]>> = {
  'add-patient': addPatientAs,
  register,
  code,
  credentials,
  assign,
  'take-back': takeBack,
  revoke,
  certificates,
  authority,
  audit: trail,
  verify,
  list,
  ask,
  erase,
};
