import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agentSource } from '../../src/hosts/agent.ts';
import { onPath } from '../support/sshd.ts';

// What a Slurm job runs on its node, a piece at a time.

const hasPython = onPath('python3');

describe.skipIf(!hasPython)(`the keeper of a Slurm job${hasPython ? '' : ': skipped, there is no python3'}`, () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui keeper '));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const session = () => JSON.parse(readFileSync(path.join(folder, 'session.json'), 'utf8'));
  const begun = (what: object) => writeFileSync(path.join(folder, 'session.json'), JSON.stringify(what));
  /** A keeper of the first session, which does as it is told. */
  function keeper(does: string): void {
    const lines = [
      `keeper = Keeper(${JSON.stringify(folder)}, {"nodes": 2, "run": "r"})`,
      'keeper.session = {"session": 1, "seconds": 0}',
      does,
    ];
    const source = agentSource()
      .toString('utf8')
      .replace(/main\(\)\n$/, `${lines.join('\n')}\n`);
    const { status, stderr } = spawnSync('python3', ['-'], { input: source, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  }

  test('tells the nodes of its session what it wants of them', () => {
    begun({ session: 1 });
    keeper('keeper.order("checkpoint")');
    expect(session()).toEqual({ session: 1, seconds: 0, order: 'checkpoint' });
  });

  test.each([
    ['has begun', { session: 2, program: null }],
    ['begins', { session: 1, next: 2 }],
  ])('leaves what another one wrote that %s: its own node was lost, and came back', (_, other) => {
    begun(other);
    keeper('keeper.order("checkpoint")');
    expect(session()).toEqual(other);
  });

  test('takes a file that cannot be read for no other session', () => {
    keeper('assert not keeper.is_replaced()');
  });

  test.each([
    ['of the run while no other session has begun', { session: 1 }, 'True'],
    ['of its session alone once another one has', { session: 2 }, 'False'],
  ])('takes the end of its engine for the end %s', (_, now, whole) => {
    begun(now);
    const ended = ['program = subprocess.Popen(["false"])', 'program.wait()'];
    keeper([...ended, `assert keeper.watch(program) is ${whole}`].join('\n'));
  });
});
