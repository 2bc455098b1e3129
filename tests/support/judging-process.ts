import { type JudgingWish, startJudging } from './judging.ts';

/** The judge in a process of its own, to be killed: its wish is the first argument, as JSON. Says `ready`. */
const wish = JSON.parse(process.argv[2] ?? '{}') as JudgingWish;
await startJudging(wish);
process.stdout.write('ready\n');
