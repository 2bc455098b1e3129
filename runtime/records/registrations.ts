import { sql } from 'kysely';
import type { Registration } from '#domain/admission.ts';
import type { DeviceId } from '#domain/ids.ts';
import type { Within } from './connect.ts';
import { findRegistrations } from './devices.ts';

/** What admission must know of these devices. A device that is not in the answer is not registered. */
export type Registrations = { of(devices: Iterable<DeviceId>): Promise<ReadonlyMap<DeviceId, Registration>> };

/**
 * `findRegistrations`, kept in memory for as long as nobody changes a device or an assignment: asked anew at each call by one row that
 * every such transaction changes. So what is answered holds every change that was committed before the call, and costs a thousand devices one
 * small query instead of a join.
 */
export function createRegistrations(db: Within): Registrations {
  let known = new Map<DeviceId, Registration | undefined>();
  let knownIn: string | undefined;

  return {
    async of(devices) {
      const asked = new Set(devices);
      if (asked.size === 0) return new Map();
      const changedIn = await stateOf(db);
      // a home that has gone wild can name any number of devices
      if (changedIn !== knownIn || known.size > keptAtMost) known = new Map();
      knownIn = changedIn;
      // this call's own: another one may find newer ones meanwhile, which these must not get among
      const mine = known;
      const unknown = [...asked].filter((device) => !mine.has(device));
      if (unknown.length > 0) {
        const found = await findRegistrations(db, unknown);
        for (const device of unknown) mine.set(device, found.get(device));
      }
      const answer = new Map<DeviceId, Registration>();
      for (const device of asked) {
        const registration = mine.get(device);
        if (registration) answer.set(device, registration);
      }
      return answer;
    },
  };
}

const keptAtMost = 100_000;

/** Before anything is read: what is read after it may be newer, and is then read again at the next call. */
async function stateOf(db: Within): Promise<string> {
  const { rows } = await sql<{ state: string }>`select changed_in::text as state from registration_state`.execute(db);
  return rows[0]?.state ?? '';
}
