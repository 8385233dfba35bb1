import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts'],
    testTimeout: 15_000,
    // By itself it would leave a core free, which is half of a machine with two.
    maxWorkers: '100%',
    // Named, so that the summary stands at the end wherever the tests run.
    reporters: process.env['GITHUB_ACTIONS'] ? ['default', 'github-actions'] : ['default'],
  },
});
