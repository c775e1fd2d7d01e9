import { defineConfig } from 'vitest/config';

// `npm run test:soak`: the kill loop of `npm test` with 200 random moments (RAGTUI_KILL_ROUNDS) instead of 10.
export default defineConfig({
  test: {
    name: 'soak',
    include: ['test/process/ingest-kill.test.ts'],
    fileParallelism: false,
    testTimeout: 4 * 3_600_000,
    hookTimeout: 600_000,
    env: { RAGTUI_KILL_ROUNDS: process.env['RAGTUI_KILL_ROUNDS'] ?? '200' },
  },
});
