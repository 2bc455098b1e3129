import { SetupFault } from '#domain/errors.ts';
import type { Config } from '../config.ts';
import { faultDetails } from '../log.ts';
import { recordsAway } from '../records/away.ts';
import { connect, migrate, type Records } from '../records/connect.ts';
import type { Secrets } from '../secrets.ts';
import type { Service } from '../service.ts';
import { createPostgres } from './postgres.ts';
import type { Start } from './start.ts';

const connections = 12;
/** A database of one's own may come up later than we do; one that another process of ours starts may have to be made first. */
const waitMs = { own: 30_000, supervised: 150_000 };

/** Where the records are, whoever runs the server. */
export const databaseUrlOf = (config: Config, secrets: Pick<Secrets, 'postgresPassword'>): string =>
  config.DATABASE_URL ??
  `postgresql://hearthbeat:${secrets.postgresPassword}@127.0.0.1:${config.POSTGRES_PORT}/hearthbeat`;

/** Starts PostgreSQL where this process is to. @throws SetupFault */
export async function startDatabase({ config, folder, secrets, clock, log, progress, started, supervises }: Start) {
  if (config.DATABASE_URL || !supervises) return undefined;
  const postgres: Service = createPostgres(
    { clock, log },
    {
      folder: folder.serverFolder('postgresql'),
      port: config.POSTGRES_PORT,
      passwords: { administrator: secrets.postgresAdministratorPassword, platform: secrets.postgresPassword },
    },
  );
  started.push({ name: postgres.name, end: postgres.stop });
  await progress.step('Starting PostgreSQL', postgres.start);
  return postgres;
}

/** Connects to the records and brings them up to date. @throws SetupFault when they stay out of reach */
export async function openRecords({ config, secrets, clock, log, started, supervises }: Start): Promise<Records> {
  const databaseUrl = databaseUrlOf(config, secrets);
  let ending = false;
  const records = connect(databaseUrl, {
    connections,
    onFault: (fault) => {
      if (!ending) log.warn('an idle connection to PostgreSQL broke', faultDetails(fault));
    },
  });
  started.push({
    name: 'records',
    end: () => {
      ending = true;
      return records.destroy();
    },
  });
  const awaited = !config.DATABASE_URL && !supervises;
  const until = clock.now() + (awaited ? waitMs.supervised : waitMs.own);
  for (;;) {
    try {
      await migrate(records);
      return records;
    } catch (fault) {
      const { code = '' } = fault as NodeJS.ErrnoException;
      const { host } = new URL(databaseUrl);
      // the server that another process of ours makes has neither user nor database at first
      if (/^(28|3D)/.test(code) && !awaited)
        throw new SetupFault(`PostgreSQL at ${host} refuses the user, password or database of DATABASE_URL (${code}).`);
      if (!/^(E[A-Z]+|28|3D)/.test(code) && !recordsAway(fault)) throw fault;
      if (clock.now() > until) {
        const why = code || 'it does not answer';
        const remedy = awaited
          ? 'start the part "servers" too, or set DATABASE_URL'
          : 'start it, or correct DATABASE_URL';
        throw new SetupFault(`PostgreSQL at ${host} cannot be reached (${why}): ${remedy}.`);
      }
      await clock.sleep(1_000);
    }
  }
}
