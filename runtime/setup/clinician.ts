import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { SetupFault } from '#domain/errors.ts';
import { ClinicianId, TeamId } from '#domain/ids.ts';
import { type Config, readConfig } from '../config.ts';
import { systemRandom as random } from '../random.ts';
import { addCareTeam, addClinician, findClinicianByEmail } from '../records/clinicians.ts';
import { connect, type Records, type Within } from '../records/connect.ts';
import { hashPassword } from '../records/passwords.ts';
import { readSecrets } from '../secrets.ts';
import { createProgress } from './progress.mjs';

/**
 * `npm run clinician -- add <e-mail> "<name>" <nurse|doctor|administrator> "<care team>" [en|zh]`: the first accounts of a
 * platform. The password is made here, printed once and kept nowhere. A team that does not exist yet is made;
 * its nurses and doctors are on call in the order in which they were added. The platform must be running.
 */
const usage = 'npm run clinician -- add <e-mail> "<name>" <nurse|doctor|administrator> "<care team>" [en|zh]';

const Wanted = z.tuple([
  z.literal('add'),
  z.email().toLowerCase(),
  z.string().min(1).max(100),
  z.enum(['nurse', 'doctor', 'administrator']),
  z.string().min(1).max(100),
  z.enum(['en', 'zh']),
]);
type Wanted = z.infer<typeof Wanted>;

/** Who is on call at once, the next after five minutes, and both again: the team changes it to its own. */
const firstEscalation = {
  steps: [
    { afterSeconds: 0, onCall: [0] },
    { afterSeconds: 300, onCall: [1] },
  ],
  repeatAfterSeconds: 600,
  rounds: 3,
};

try {
  const wanted = read(process.argv.slice(2));
  const records = connect(databaseUrlOf(readConfig(process.env)), { connections: 1, onFault: () => {} });
  try {
    const password = await add(records, wanted);
    console.log(`${wanted[2]} can sign in as ${wanted[1]} with the password ${password}\nIt is shown this once only.`);
  } finally {
    await records.destroy();
  }
} catch (fault) {
  createProgress().fail(sentenceFor(fault));
  process.exitCode = 1;
}

function read(words: string[]): Wanted {
  const parsed = Wanted.safeParse(words.length === 5 ? [...words, 'en'] : words);
  if (!parsed.success) throw new SetupFault(`Say: ${usage}`);
  return parsed.data;
}

function databaseUrlOf(config: Config): string {
  if (config.DATABASE_URL) return config.DATABASE_URL;
  const { postgresPassword } = readSecrets(config.DATA_DIR);
  return `postgresql://hearthbeat:${postgresPassword}@127.0.0.1:${config.POSTGRES_PORT}/hearthbeat`;
}

async function add(records: Records, [, email, name, role, teamName, language]: Wanted): Promise<string> {
  // 120 bits: nobody guesses it, and it can be typed
  const password = randomBytes(15).toString('base64url');
  const passwordHash = await hashPassword(password);
  await records.transaction().execute(async (db) => {
    if (await findClinicianByEmail(db, email)) throw new SetupFault(`${email} has an account already.`);
    const teams = await db.selectFrom('care_team').select(['id', 'name']).execute();
    const known = teams.find((team) => team.name.en === teamName || team.name.zh === teamName)?.id;
    const team = known ?? TeamId.parse(random.uuid());
    const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!known) {
      await addCareTeam(db, { id: team, name: bothWays(teamName), timeZone, escalation: firstEscalation });
    }
    const id = ClinicianId.parse(random.uuid());
    await addClinician(db, { id, email, name: bothWays(name), role, language, teams: [team], passwordHash });
    if (role !== 'administrator') await addToRota(db, team, id);
  });
  return password;
}

async function addToRota(db: Within, team: TeamId, clinician: ClinicianId): Promise<void> {
  const rota = await db.selectFrom('on_call').select('position').where('team_id', '=', team).execute();
  const position = Math.max(-1, ...rota.map((place) => place.position)) + 1;
  await db.insertInto('on_call').values({ team_id: team, position, clinician_id: clinician }).execute();
}

function bothWays(text: string) {
  return { en: text, zh: text };
}

function sentenceFor(fault: unknown): string {
  if (fault instanceof SetupFault) return fault.message;
  const { code } = fault as { code?: string };
  if (code === 'ECONNREFUSED' || code === '42P01')
    return 'The database does not answer: start the platform first ("npm run serve"), then say this again beside it.';
  if (code === '28P01')
    return 'The database refuses its password: DATA_DIR or POSTGRES_PORT are not those of the platform.';
  throw fault;
}
