// A worker for tests of jobs; what it does is named by the first "model" of its `pull` work.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runJobWorker } from '../../src/jobs/worker.ts';
import { RagtuiError } from '../../src/platform/errors.ts';

await runJobWorker('pull', async ({ work, folder, report, signal }) => {
  const say = (done: number) =>
    report.progress({ phase: 'working', done, total: 10, unit: 'steps', rate: null, secondsLeft: null });
  say(1);
  switch (work.models[0]) {
    case 'succeed':
      for (let step = 1; step <= 10; step += 1) say(step);
      report.artifact('thing', path.join(folder, 'thing'));
      return;
    case 'fail':
      throw new RagtuiError('network', 'The wire was cut.', 'Mend it.');
    case 'tell':
      report.log('warn', 'The server says: Bearer abcdefgh12345678.');
      throw new RagtuiError('network', 'Refused: Bearer abcdefgh12345678.', 'Not hf_abcdefgh12345678?');
    case 'crash':
      process.abort();
      break;
    case 'gate':
      while (!existsSync(path.join(folder, 'go')) && !signal.aborted) await delay(20);
      return;
    case 'append': {
      // Says that it ran, and then stays while it is held.
      const file = work.models[1] ?? '';
      appendFileSync(file, 'begun\n');
      while (existsSync(`${file}.hold`) && !signal.aborted) await delay(20);
      if (!signal.aborted) appendFileSync(file, 'done\n');
      return;
    }
    case 'deaf': {
      // Hears neither the stop file nor TERM, and neither does its child.
      const child = spawn('sh', ['-c', 'trap "" TERM; while :; do sleep 1; done'], { stdio: 'ignore' });
      writeFileSync(path.join(folder, 'child'), String(child.pid));
      for (;;) await delay(1000);
    }
  }
});
