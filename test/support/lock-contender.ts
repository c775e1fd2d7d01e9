// Takes a lock again and again: `node lock-contender.mjs FILE ROUNDS DEAD_PID`. Mostly it leaves the lock
// behind as a process would that was killed. Prints what it saw when somebody else was inside at the same time.
import { mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { lockFile } from '../../src/platform/lock.ts';

const [, , file = '', rounds = '1', dead = '1'] = process.argv;
const inside = `${file}.inside`;
let both = 0;
for (let round = 0; round < Number(rounds); round += 1) {
  const unlock = await lockFile(file, { everyMs: 0 });
  try {
    mkdirSync(inside);
  } catch {
    both += 1;
  }
  await delay(Math.random() * 4);
  try {
    rmdirSync(inside);
  } catch {
    both += 1;
  }
  if (Math.random() < 0.1) unlock();
  else {
    const left = { ...JSON.parse(readFileSync(file, 'utf8')), pid: Number(dead), startTime: 'long ago' };
    writeFileSync(`${inside}.${process.pid}`, JSON.stringify(left));
    renameSync(`${inside}.${process.pid}`, file);
  }
}
console.log(both);
