import os from 'node:os';
import path from 'node:path';
import { defineConfig } from 'vitest/config';

// Against real daemons on loopback, started by scripts/cluster/: `npm run test:cluster`. What is not installed is skipped,
// and the names of the tests say so.
export default defineConfig({
  test: {
    name: 'cluster',
    env: { RAGTUI_DEVICES: path.join(os.tmpdir(), `ragtui-test-devices-${process.pid}`) },
    include: ['test/cluster/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});
