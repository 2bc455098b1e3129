import { userInfo } from 'node:os';
import { ClinicianId } from '#domain/ids.ts';

/** Who did something: a clinician in the console, a rule, or an operator at the platform's own machine. */
export type Actor = `clinician:${ClinicianId}` | `rule:${string}` | `operator:${string}`;

export const byClinician = (id: ClinicianId): Actor => `clinician:${id}`;
export const byRule = (rule: string): Actor => `rule:${rule}`;

/** As the operating system calls whoever runs this process. */
export function byOperator(): Actor {
  try {
    return `operator:${userInfo().username}`;
  } catch {
    // a container may run under a number that has no name
    return `operator:${process.getuid?.() ?? 'unknown'}`;
  }
}

/** The clinician, where it was one. */
export function clinicianIn(actor: Actor): ClinicianId | null {
  const [kind, id] = actor.split(':');
  return kind === 'clinician' ? (ClinicianId.safeParse(id).data ?? null) : null;
}
