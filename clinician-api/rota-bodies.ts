import { z } from 'zod';
import { Severity } from '#domain/alert.ts';
import { Policies } from '#domain/escalation.ts';
import { Cover, Rota } from '#domain/rota.ts';

/** What callers may send about rotas and policies. `version`: the one they saw. */

export const SetRota = z.strictObject({ version: z.int().min(0), rota: Rota });
export const AddOverride = Cover;
export const SetPolicies = z.strictObject({ version: z.int().min(1), policies: Policies });
/** `policies`: those to be tried; the ones in force where they are not given. `at`: when the alert would open. */
export const AskRehearsal = z.strictObject({
  at: z.iso.datetime(),
  severity: Severity,
  policies: Policies.optional(),
});
