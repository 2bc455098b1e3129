import { SetupFault } from '#domain/errors.ts';

/**
 * The parts of the platform that can each be a process of their own on one machine: `node main.ts <role…>`, all with the same
 * environment. Without a word one process is all of them.
 */
export const roles = {
  servers: 'starts and supervises PostgreSQL and InfluxDB where no URL names others',
  broker: 'MQTT for the homes; owns the journal, which ingest and rules read through a socket in DATA_DIR',
  ingest: 'records what the journal holds',
  rules: 'judges what the journal holds, and pages',
  api: 'console, API, health and metrics of all processes',
  auditor:
    'asks every minute whether an alert is late, sends a canary through all others, and beats the external heartbeat',
} as const;

export type Role = keyof typeof roles;
export const allRoles = Object.keys(roles) as Role[];

export const roleUsage = `Say no word for everything in one process, or which of these this process is to be, one or several; start every one of them, in any order, with the same environment:
${Object.entries(roles)
  .map(([role, says]) => `  ${role.padEnd(9)}${says}`)
  .join('\n')}`;

/** @param words of the command line; none mean all. @throws SetupFault that lists the roles */
export function readRoles(words: readonly string[]): ReadonlySet<Role> {
  const strangers = words.filter((word) => !Object.hasOwn(roles, word));
  if (strangers.length > 0)
    throw new SetupFault(`No part of Hearthbeat is called ${strangers.join(', ')}. ${roleUsage}`);
  return new Set(words.length > 0 ? (words as Role[]) : allRoles);
}

/** What a process is called in health and metrics, by its roles: `platform` where it is all of them. */
export const processName = (here: ReadonlySet<Role>): string =>
  isWhole(here) ? 'platform' : allRoles.filter((role) => here.has(role)).join('+');

/** A platform whose every part is in this process needs no socket between them. */
export const isWhole = (here: ReadonlySet<Role>): boolean => allRoles.every((role) => here.has(role));
