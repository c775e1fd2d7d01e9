import { defineConfig } from 'vitest/config';

// The real engines: installs them (unless RAGTUI_ENGINES_CACHE has them) and trains both for a few steps. Some ten
// minutes on two cores, several GB from the package index: run by hand, `npm run test:engines`.
export default defineConfig({
  test: {
    name: 'engines',
    include: ['test/engines/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
  },
});
