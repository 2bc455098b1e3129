import { systemClock } from '#runtime/clock.ts';
import { openOutbox } from '../../gateway-agent/outbox/outbox.ts';
import { settleFrames } from '../../gateway-agent/visit/settle.ts';
import { heardFrame } from './heard-frames.ts';

/**
 * A gateway that hears one measurement after the other, and writes the number of each to standard output when it is in the outbox, until
 * it is killed: `node hearing-process.ts <outbox file> <first number>`.
 */
const [path, first] = process.argv.slice(2);
const outbox = openOutbox(systemClock, path!);
for (let n = Number(first); ; n++) {
  const frame = outbox.hear(heardFrame(n));
  process.stdout.write(`heard ${n}\n`);
  settleFrames(outbox, [frame], true, 'UTC');
  process.stdout.write(`kept ${n}\n`);
  await new Promise((resolve) => setImmediate(resolve));
}
