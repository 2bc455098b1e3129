import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Half a minute and more each, the longest first. Where no run went before, vitest begins with the biggest files, and these, short to read,
 * would come last, with one processor at rest.
 */
const long = [
  'browser/',
  'life.',
  'house.',
  'chaos.',
  'vitals-store.',
  'gateway',
  'soak',
  'visits',
  'radio-on-',
  'paging',
  'backtest',
  'auditor.',
  'judging-outages.',
  'episodes.',
  'ingest-outages.',
  'agenda.',
  'journal.',
  'servers.',
  'newcomer.',
  'processes.',
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = long.findIndex((name) => moduleId.includes(`/${name}`));
      return place < 0 ? long.length : place;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/support/run.ts'],
    // real servers, sockets and signal handlers: each file has a process of its own
    pool: 'forks',
    // one more than the processors of a small machine: half of the time a test waits for somebody
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    // only for what hangs: no test may depend on how fast the machine is
    testTimeout: 120_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
    // a .data folder or a build beside the sources holds nothing to test
    exclude: ['**/node_modules/**', '**/.data/**', '**/dist/**'],
  },
});
