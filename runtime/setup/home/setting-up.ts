import { spoken } from '#domain/enrolment.ts';
import { SetupFault } from '#domain/errors.ts';
import { PatientId, type SourceId } from '#domain/ids.ts';
import { Patient } from '#domain/people.ts';
import { inBothLanguages, type Words } from '#domain/words.ts';
import { pinForBoxes } from '../../authority/pin.ts';
import { instant } from '../../clock.ts';
import { careTeams, findCareTeam } from '../../records/clinicians.ts';
import { issueCode } from '../../records/enrolment-codes.ts';
import { addSource, handOutToken, shutOut } from '../../records/handing-out.ts';
import { addPatient } from '../../records/patients.ts';
import { revokeOne } from './certificates.ts';
import { bothNames, knownSource, shownInstant, sourceId } from './naming.ts';
import type { Operator } from './operator.ts';
import { type Said, sayInstead } from './words.ts';

/** Patients and sources: who is cared for, and which boxes may speak. Each answers what is printed. */

export async function addPatientAs({ records, random, by, clock }: Operator, said: Said): Promise<string[]> {
  const [name = '', birthDate, sex, teamName = ''] = said.rest;
  const team = await findCareTeam(records, teamName);
  if (!team) {
    const known = (await careTeams(records)).map((one) => `"${bothNames(one.name)}"`);
    const others = known.length > 0 ? `there are ${known.join(', ')}` : '"npm run clinician" makes the first';
    throw new SetupFault(`There is no care team "${teamName}": ${others}.`);
  }
  const parsed = Patient.safeParse({
    id: PatientId.parse(random.uuid()),
    team: team.id,
    name: namesFrom(name, said.options.also),
    birthDate,
    sex,
    conditions: said.conditions.map(inBothLanguages),
  });
  if (!parsed.success) throw sayInstead('add-patient');
  const today = instant(clock.now()).slice(0, 10);
  if (parsed.data.birthDate > today || parsed.data.birthDate < '1900')
    throw new SetupFault(`${birthDate} is no birth date: write it as 1948-03-02.`);
  await addPatient(records, parsed.data, by);
  return [`${bothNames(parsed.data.name)} is a patient of ${bothNames(team.name)}: ${parsed.data.id}`];
}

export async function register(operator: Operator, said: Said): Promise<string[]> {
  const { records, by, clock } = operator;
  const [kind, wished] = said.rest;
  if (kind !== 'gateway' && kind !== 'device') throw sayInstead('register');
  const name = wished === undefined ? {} : { id: sourceId(wished) };
  const id = await addSource(records, { kind, ...name, by, now: clock.now() });
  if (!id)
    throw new SetupFault(`${wished} is registered already: "npm run home -- code ${wished}" gives a new code for it.`);
  return [`${id} is registered.`, ...(await codeFor(operator, id, kind))];
}

export async function code(operator: Operator, said: Said): Promise<string[]> {
  const source = await knownSource(operator.records, said.rest[0] ?? '');
  refuseRevoked(source);
  return codeFor(operator, source.id, source.kind);
}

async function codeFor(
  { records, by, clock, config }: Operator,
  source: SourceId,
  kind: 'gateway' | 'device',
): Promise<string[]> {
  const { code, expiresAt } = await issueCode(records, { source, by, now: clock.now() });
  const pin = pinForBoxes(config, clock.now());
  return [
    'Type this on its box:',
    '',
    `    hearthbeat-gateway enroll ${config.PUBLIC_URL} ${spoken(code)}${pin ? ` --trust ${pin}` : ''}`,
    '',
    ...(isOnlyHere(config.PUBLIC_URL)
      ? ['This address is reached from this machine only: for a box elsewhere set PUBLIC_URL=https://….', '']
      : []),
    `The code is good once, until ${shownInstant(expiresAt)}.`,
    ...(kind === 'device' ? [`For a device that cannot enrol: npm run home -- credentials ${source}`] : []),
  ];
}

export async function credentials({ records, by, clock, config }: Operator, said: Said): Promise<string[]> {
  const source = await knownSource(records, said.rest[0] ?? '');
  refuseRevoked(source);
  const token = await handOutToken(records, { source: source.id, by, now: clock.now() });
  return [
    `MQTT address               ${config.MQTT_PUBLIC_URL}`,
    `user name and client id    ${source.id}`,
    `password                   ${token}`,
    'It is shown this once only. Whatever it signed in with before, and codes that were not used, are void.',
  ];
}

export async function revoke(operator: Operator, said: Said): Promise<string[]> {
  const { records, by, clock } = operator;
  if (said.options.certificate !== undefined) return revokeOne(operator, said.rest[0] ?? '', said.options.certificate);
  const { id } = await knownSource(records, said.rest[0] ?? '');
  if (!(await shutOut(records, { source: id, by, now: clock.now() })))
    throw new SetupFault(`${id} was revoked before.`);
  return [`${id} is let in no more, and is disconnected within a minute. What it has sent stays.`];
}

const isOnlyHere = (url: string): boolean => /^(localhost|127\..*|\[::1\])$/.test(new URL(url).hostname);

function refuseRevoked({ id, revokedAt }: { id: SourceId; revokedAt: string | null }): void {
  if (revokedAt !== null) throw new SetupFault(`${id} was revoked: register another source instead.`);
}

/** A name in Chinese characters is the Chinese one. */
function namesFrom(name: string, also: string | undefined): Words {
  if (!also) return inBothLanguages(name);
  return /\p{Script=Han}/u.test(name) ? { zh: name, en: also } : { en: name, zh: also };
}
