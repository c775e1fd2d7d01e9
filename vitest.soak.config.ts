import { defineConfig } from 'vitest/config';

// `npm run test:soak`: what takes long. The kill loop of `npm test` with 200 random moments (RAGTUI_KILL_ROUNDS) instead
// of 10, that of an evaluation with 100 (RAGTUI_EVAL_KILLS) instead of 10, servers and adapters that come and go 200 times (RAGTUI_CYCLES) instead of 20, and test/soak: two columns of 20,000 tokens through the real program in a terminal, 1,000 published questions through kills (RAGTUI_QUESTION_KILLS).
export default defineConfig({
  test: {
    name: 'soak',
    include: [
      'test/process/{ingest-kill,eval-kill}.test.ts',
      'test/process/{llama-cycles,server-kill}.test.ts',
      'test/soak/**/*.test.ts',
    ],
    fileParallelism: false,
    testTimeout: 4 * 3_600_000,
    hookTimeout: 600_000,
    env: {
      RAGTUI_KILL_ROUNDS: process.env['RAGTUI_KILL_ROUNDS'] ?? '200',
      RAGTUI_EVAL_KILLS: process.env['RAGTUI_EVAL_KILLS'] ?? '100',
      RAGTUI_CYCLES: process.env['RAGTUI_CYCLES'] ?? '200',
    },
  },
});
