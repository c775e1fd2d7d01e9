import os from 'node:os';
import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { INK_PACKAGES, inkModule, inkSource } from './scripts/ink-modules.js';

// Trainings of one run of tests never wait for those of another, or of the person at this machine.
const env = { RAGTUI_DEVICES: path.join(os.tmpdir(), `ragtui-test-devices-${process.pid}`) };

// Two projects: what needs nothing but this process runs in parallel; what starts processes, models or terminals runs
// one file at a time, so that two cores are enough.
export default defineConfig({
  test: {
    projects: [
      {
        plugins: [{ name: 'remembering-ink', enforce: 'pre', resolveId: inkModule, load: inkSource }],
        test: {
          name: 'fast',
          env,
          server: { deps: { inline: INK_PACKAGES } },
          include: ['test/{unit,store,component,screen}/**/*.test.{ts,tsx}'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'real',
          env,
          include: ['test/{terminal,process,end-to-end}/**/*.test.{ts,tsx}'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
