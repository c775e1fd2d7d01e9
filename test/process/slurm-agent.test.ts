import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { agentSource } from '../../src/hosts/agent.ts';

// The far side's part for Slurm without a Slurm: its commands are scripts that say what Slurm's own say.

const hasPython = spawnSync('python3', ['--version']).status === 0;
const answerSchema = z.looseObject({
  state: z.string().optional(),
  live: z.array(z.string()).optional(),
  error: z.looseObject({ code: z.string(), message: z.string() }).optional(),
});

describe.skipIf(!hasPython)(`the agent and Slurm${hasPython ? '' : ': skipped, there is no python3'}`, () => {
  let folder: string;
  let root: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-agent-'));
    root = path.join(folder, 'root');
    mkdirSync(path.join(folder, 'bin'));
    says('squeue', '');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** What a command of Slurm's prints from now on; with `code` it fails with that on stderr. */
  const says = (command: string, words: string, code = 0) =>
    writeFileSync(
      path.join(folder, 'bin', command),
      `#!/bin/sh\necho "$@" >> '${folder}/${command}.asked'\nprintf '%s\\n' '${words}' ${code ? '>&2' : ''}\nexit ${code}\n`,
      { mode: 0o755 },
    );
  const asked = (command: string): string[] => {
    const file = path.join(folder, `${command}.asked`);
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  };

  /** `behind`: what comes after the program on stdin. */
  function ask(request: object, behind = '') {
    const source = agentSource();
    const text = Buffer.from(JSON.stringify({ root, ...request })).toString('base64url');
    const boot = "import sys;source=sys.stdin.buffer.read(int(sys.argv[1]));exec(compile(source,'ragtui','exec'))";
    const args = ['-c', boot, String(source.length), text + '='.repeat((4 - (text.length % 4)) % 4)];
    const env = { ...process.env, PATH: `${path.join(folder, 'bin')}:${process.env['PATH']}` };
    const { stdout } = spawnSync('python3', args, {
      input: Buffer.concat([source, Buffer.from(behind)]),
      encoding: 'utf8',
      env,
    });
    return answerSchema.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
  }
  const submit = (run: string) =>
    ask({ op: 'slurm_submit', run, script: '#!/bin/sh\n', options: [], argv: ['true'], output: root, rows: '' });
  const submitArray = (runs: readonly (readonly [number, string])[], atOnce?: number) => {
    const job = { script: '#!/bin/sh\n', options: [] };
    const members = JSON.stringify(
      runs.map(([index, run]) => ({ index, run, ...job, argv: ['true'], output: root, rows: '' })),
    );
    return ask({ op: 'slurm_submit_array', array: 'all', ...job, atOnce, membersBytes: members.length }, members);
  };
  const numberOf = (run: string) => ask({ op: 'status', run })['slurm'];
  const live = () => ask({ op: 'usage' }).live;

  test('a run that Slurm refuses leaves nothing that could be waited for', () => {
    says('sbatch', 'sbatch: error: Batch job submission failed: Invalid partition name specified', 1);
    expect(submit('a').error).toMatchObject({ code: 'invalid' });
    expect(ask({ op: 'status', run: 'a' }).state).toBe('none');
    says('sbatch', '7');
    expect(submit('a')).toMatchObject({ state: 'queued', slurm: { job: '7' } });
  });

  test('one that Slurm never heard of is handed in when it is asked for again, or is over when it is stopped', () => {
    says(
      'sbatch',
      'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)',
      1,
    );
    for (const run of ['a', 'b']) expect(submit(run).error).toMatchObject({ code: 'network' });
    says('sbatch', '7');
    expect(submit('a')).toMatchObject({ state: 'queued', slurm: { job: '7' } });
    expect(ask({ op: 'stop', run: 'b' })).toMatchObject({ state: 'over', result: { stopped: true, code: null } });
    const times = asked('sbatch').length;
    expect(submit('b').state).toBe('over');
    expect(asked('sbatch')).toHaveLength(times);
  });

  test('one whose number was lost is found by its name and cancelled', () => {
    says('sbatch', 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation', 1);
    submit('a');
    says('squeue', 'a 9');
    says('scancel', '');
    ask({ op: 'stop', run: 'a', kill: true });
    expect(asked('scancel')).toEqual(['9']);
  });

  test.each([
    'scancel: error: Kill job error on job id 7: Protocol authentication error',
    'scancel: error: Kill job error on job id 7: Access/permission denied',
  ])('a stop that did not take is told, and can be asked for again: %s', (words) => {
    says('sbatch', '7');
    submit('a');
    says('squeue', 'RUNNING');
    says('scancel', words, 1);
    const why = words.replace('scancel: error: ', '');
    for (const kill of [false, true]) {
      // `network`: whoever asks tries again.
      expect(ask({ op: 'stop', run: 'a', kill }).error).toEqual({
        code: 'network',
        message: `the stop of job 7 did not take: ${why}`,
      });
    }
    says('scancel', '');
    expect(ask({ op: 'stop', run: 'a' }).error).toBeUndefined();
    expect(asked('scancel')).toEqual(['--signal=TERM --batch 7', '7', '--signal=TERM --batch 7']);
  });

  test.each([
    'scancel: error: Kill job error on job id 7: Invalid job id specified',
    'scancel: error: Kill job error on job id 7: Job/step already completing or completed',
  ])('one that is over needs no stop: %s', (words) => {
    says('sbatch', '7');
    submit('a');
    says('scancel', words, 1);
    expect(ask({ op: 'stop', run: 'a', kill: true }).error).toBeUndefined();
  });

  test.each([
    'slurm_load_jobs error: Protocol authentication error',
    'squeue: error: Munge encode failed: Failed to access "/run/munge/munge.socket.2"',
    'slurm_load_jobs error: Unable to contact slurm controller (connect failure)',
  ])('what cannot be known to be over is not deleted: %s', (words) => {
    says('sbatch', '7');
    submit('a');
    says('squeue', words, 1);
    expect(live()).toEqual(['a']);
    expect(ask({ op: 'clean' })).toMatchObject({ there: true, live: ['a'] });
    expect(existsSync(path.join(root, 'runs', 'a'))).toBe(true);
  });

  test('the queue is asked once for all runs, and not at all when none can be in it', () => {
    for (const [run, number] of Object.entries({ a: '7', b: '8', c: '9' })) {
      says('sbatch', number);
      submit(run);
    }
    const times = asked('squeue').length;
    // `c` goes on under another number, which is not written down yet.
    says('squeue', '7 a\n12 c');
    expect(live()).toEqual(['a', 'c']);
    expect(asked('squeue').length - times).toBe(1);
    says('squeue', '');
    expect(live()).toEqual([]);
    const before = asked('squeue').length;
    expect(live()).toEqual([]);
    expect(asked('squeue')).toHaveLength(before);
  });

  test('runs that are handed in as one array have their tasks, once', () => {
    says('sbatch', '20');
    expect(
      submitArray(
        [
          [1, 'a'],
          [3, 'b'],
        ],
        1,
      ),
    ).toEqual({ job: '20', tasks: [1, 3] });
    expect(
      submitArray(
        [
          [1, 'a'],
          [3, 'b'],
        ],
        1,
      ),
    ).toEqual({ job: '20', tasks: [1, 3] });
    expect(asked('sbatch')).toEqual([`--parsable --array=1,3%1 ${root}/arrays/all/batch.sh`]);
    expect([numberOf('a'), numberOf('b')]).toMatchObject([{ job: '20_1' }, { job: '20_3' }]);
    // Each still asks for itself: there is nothing more to do.
    expect(submit('b')).toMatchObject({ state: 'queued', slurm: { job: '20_3' } });
    expect(asked('sbatch')).toHaveLength(1);
  });

  test('stopping one of an array names its task alone, and a stopped one stays out of it', () => {
    says('sbatch', 'sbatch: error: Unable to contact slurm controller (connect failure)', 1);
    const three = [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ] as const;
    expect(submitArray(three).error).toMatchObject({ code: 'network' });
    expect(ask({ op: 'stop', run: 'b' })).toMatchObject({ state: 'over', result: { stopped: true } });
    says('sbatch', '20');
    expect(submitArray(three)).toEqual({ job: '20', tasks: [1, 3] });
    says('squeue', 'PENDING');
    says('scancel', '');
    ask({ op: 'stop', run: 'c' });
    expect(asked('scancel')).toEqual(['20_3']);
  });

  test('an array whose number was lost is found by its name, with the tasks that it had', () => {
    says('sbatch', 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation', 1);
    submitArray([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
    says('squeue', 'all 20_1\nall 20_2\nall 20_3\nother 21_2');
    // One that comes back alone finds its own task; the others then theirs.
    expect(submit('b')).toMatchObject({ slurm: { job: '20_2' } });
    expect(
      submitArray([
        [1, 'a'],
        [3, 'c'],
      ]),
    ).toEqual({ job: '20', tasks: [1, 2, 3] });
    expect(numberOf('c')).toMatchObject({ job: '20_3' });
    expect(asked('sbatch')).toHaveLength(1);
  });

  test('an array that is refused leaves nothing, and each can be handed in alone', () => {
    says('sbatch', 'sbatch: error: Batch job submission failed: Invalid job array specification', 1);
    expect(
      submitArray([
        [1, 'a'],
        [2, 'b'],
      ]).error,
    ).toMatchObject({ code: 'invalid' });
    expect(existsSync(path.join(root, 'arrays', 'all'))).toBe(false);
    expect(ask({ op: 'status', run: 'a' }).state).toBe('none');
    says('sbatch', '21');
    expect(submit('a')).toMatchObject({ state: 'queued', slurm: { job: '21' } });
  });

  test('the batch process of a task goes by the number of its task, though its own is that of the array', () => {
    says('sbatch', '20');
    submitArray([
      [1, 'a'],
      [2, 'b'],
    ]);
    const env = {
      ...process.env,
      SLURM_JOB_ID: '20',
      SLURM_ARRAY_JOB_ID: '20',
      SLURM_ARRAY_TASK_ID: '2',
      SLURMD_NODENAME: 'n1',
    };
    const request = Buffer.from(JSON.stringify({ op: 'slurm_keep', root, array: 'all' })).toString('base64');
    spawnSync('python3', [path.join(root, 'arrays', 'all', 'keeper.py'), '0', request], { env });
    expect(existsSync(path.join(root, 'runs', 'a', 'result.json'))).toBe(false);
    expect(JSON.parse(readFileSync(path.join(root, 'runs', 'b', 'session.json'), 'utf8'))).toMatchObject({
      job: '20_2',
    });
    expect(readFileSync(path.join(root, 'runs', 'b', 'owner'), 'utf8')).toBe('20_2');
  });
});
