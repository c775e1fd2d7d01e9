import { defineConfig } from 'vitest/config';

// Two projects: what needs nothing but this process runs in parallel; what starts processes, models or terminals runs
// one file at a time, so that two cores are enough.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/{unit,store,component,screen}/**/*.test.{ts,tsx}'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/{terminal,process,end-to-end}/**/*.test.{ts,tsx}'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
