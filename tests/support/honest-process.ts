/**
 * An honest client in a process of its own, so that whoever is busy being hostile does not make it late: `honest-process.ts port source
 * secret`. Says what became of it once it is told to end.
 */
import type { SourceId } from '#domain/ids.ts';
import { honestClient } from './hostile.ts';

const [port, source, secret] = process.argv.slice(2) as [string, SourceId, string];
const client = await honestClient(Number(port), { source, secret });
process.send!('begun');
process.once('message', async () => {
  process.send!(await client.stop(), () => process.exit());
});
