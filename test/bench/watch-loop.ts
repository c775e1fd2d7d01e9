// Preloaded into the app (node --import) by the start benchmark: samples how late its event loop is, and on SIGUSR2
// writes the delays in ms to RAGTUI_BENCH_LOOP as JSON and begins anew. Other processes it starts are left alone.
import { writeFileSync } from 'node:fs';

const EVERY_MS = 5;
const file = process.env['RAGTUI_BENCH_LOOP'];
delete process.env['NODE_OPTIONS'];
delete process.env['RAGTUI_BENCH_LOOP'];

if (file) {
  let delays: number[] = [];
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    delays.push(Math.max(0, now - last - EVERY_MS));
    last = now;
  }, EVERY_MS).unref();
  process.on('SIGUSR2', () => {
    writeFileSync(file, JSON.stringify(delays));
    delays = [];
  });
}
