import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { SetupFault } from '#domain/errors.ts';
import { onCallStep, policiesFor } from '#domain/escalation.ts';
import { ClinicianId, TeamId } from '#domain/ids.ts';
import { placesAtMost } from '#domain/rota.ts';
import { inBothLanguages } from '#domain/words.ts';
import { systemClock as clock, instant } from '../clock.ts';
import { systemRandom as random } from '../random.ts';
import { addCareTeam, addClinician, findCareTeam, findClinicianByEmail } from '../records/clinicians.ts';
import type { Records, Within } from '../records/connect.ts';
import { hashPassword } from '../records/passwords.ts';
import { findRota, saveRota, setOnCall } from '../records/rota.ts';
import { besidePlatform } from './beside.ts';

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
const firstPolicies = policiesFor({
  steps: [onCallStep(0, 0), onCallStep(300, 1)],
  repeatAfterSeconds: 600,
  rounds: 3,
});

await besidePlatform(read, async (records, wanted) => {
  const password = await add(records, wanted);
  console.log(`${wanted[2]} can sign in as ${wanted[1]} with the password ${password}\nIt is shown this once only.`);
});

function read(words: string[]): Wanted {
  const parsed = Wanted.safeParse(words.length === 5 ? [...words, 'en'] : words);
  if (!parsed.success) throw new SetupFault(`Say: ${usage}`);
  return parsed.data;
}

async function add(records: Records, [, email, name, role, teamName, language]: Wanted): Promise<string> {
  // 120 bits: nobody guesses it, and it can be typed
  const password = randomBytes(15).toString('base64url');
  const passwordHash = await hashPassword(password);
  await records.transaction().execute(async (db) => {
    if (await findClinicianByEmail(db, email)) throw new SetupFault(`${email} has an account already.`);
    const known = (await findCareTeam(db, teamName))?.id;
    const team = known ?? TeamId.parse(random.uuid());
    const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!known) {
      await addCareTeam(db, { id: team, name: inBothLanguages(teamName), timeZone, policies: firstPolicies });
    }
    const id = ClinicianId.parse(random.uuid());
    await addClinician(db, { id, email, name: inBothLanguages(name), role, language, teams: [team], passwordHash });
    if (role !== 'administrator') await addToRota(db, team, id);
  });
  return password;
}

/** Behind those who are on call already, in the layer that the team began with. */
async function addToRota(db: Within, team: TeamId, clinician: ClinicianId): Promise<void> {
  const { rota, version } = await findRota(db, team);
  const [first, ...others] = rota.layers;
  if (!first) return setOnCall(db, team, [clinician]);
  const layers = [{ ...first, places: [...first.places, { people: [clinician] }] }, ...others];
  const at = instant(clock.now());
  // the tenth place is the last: whoever comes after it is put on the rota by hand
  if (first.places.length < placesAtMost)
    await saveRota(db, team, { rota: { ...rota, layers }, version, by: null, at });
}
