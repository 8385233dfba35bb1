import { defineConfig } from 'vitest/config';

// Apart from `pnpm test`, which needs no more than the install of the repository: this one builds an app with Next.js.
export default defineConfig({
  test: { include: ['*.suite.ts'], root: import.meta.dirname, testTimeout: 30_000, hookTimeout: 240_000 },
});
