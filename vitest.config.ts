import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/support/run.ts'],
    // real servers, sockets and signal handlers: each file has a process of its own
    pool: 'forks',
    maxWorkers: 2,
    // only for what hangs: no test may depend on how fast the machine is
    testTimeout: 120_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
    // a .data folder or a build beside the sources holds nothing to test
    exclude: ['**/node_modules/**', '**/.data/**', '**/dist/**'],
  },
});
