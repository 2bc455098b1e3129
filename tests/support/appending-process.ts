/**
 * A process that appends to the journal in the folder of its first argument, several entries at once, and prints the text of
 * each that was acknowledged: `+ word`, or `- word code` where it was refused. It is there to be killed.
 */
import { writeSync } from 'node:fs';
import { SourceId } from '#domain/ids.ts';
import { systemClock } from '#runtime/clock.ts';
import { createJournalFiles } from '#runtime/journal-files.ts';
import { silentLog } from '#runtime/log.ts';

const [folder = '', run = '', segmentBytes = '65536', count = '1000000'] = process.argv.slice(2);
const journal = await createJournalFiles(
  { folder, clock: systemClock, log: silentLog },
  { segmentBytes: Number(segmentBytes) },
);
const source = SourceId.parse('home-a');
let last = 0;

async function appendOneAfterAnother(): Promise<void> {
  while (last < Number(count)) {
    const word = `${run}-${++last}`;
    const payload = Buffer.from(word.padEnd(100 + (last % 900), ' '));
    try {
      await journal.append({ shard: 0, source, kind: 'readings', receivedAt: last, payload });
      writeSync(1, `+ ${word}\n`);
    } catch (fault) {
      writeSync(1, `- ${word} ${(fault as { code?: string }).code}\n`);
      await systemClock.sleep(5);
    }
  }
}

await Promise.all(Array.from({ length: 40 }, appendOneAfterAnother));
await journal.close();
