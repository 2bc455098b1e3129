import { systemClock as clock } from '#runtime/clock.ts';
import { silentLog as log } from '#runtime/log.ts';
import { createPostgres } from '#runtime/servers/postgres.ts';

/** A process with a PostgreSQL as its child, to be killed: `node lone-postgres.ts <folder> <port>`. Says `up`. */
const [folder, port] = process.argv.slice(2);
const passwords = { administrator: 'a'.repeat(32), platform: 'b'.repeat(32) };
await createPostgres({ clock, log }, { folder: folder!, port: Number(port), passwords }).start();
console.log('up');
