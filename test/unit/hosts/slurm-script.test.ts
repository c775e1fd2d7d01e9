import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { batchOptions, batchScript, TEMPLATE, templateFault, templateFor } from '../../../src/hosts/slurm/script.ts';
import { slurmSettingsSchema } from '../../../src/hosts/slurm/settings.ts';

describe('the batch script', () => {
  test('a shell reads the words as they were, whatever is in them', () => {
    const words = ['printf', '%s\\n', 'a b', "it's", '$(id)', '`id`', 'x;y', '"q"'];
    const script = batchScript(TEMPLATE, {}, words);
    const printed = execFileSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(printed.trimEnd().split('\n')).toEqual(words.slice(2));
  });

  test('it becomes the command, in its container, with its modules', () => {
    const lines = batchScript(TEMPLATE, { modules: ['cuda/12.1', 'gcc'], container: 'apptainer exec --nv a.sif' }, [
      'python3',
      'k.py',
    ]).split('\n');
    expect(lines).toContain('module load cuda/12.1');
    expect(lines).toContain('module load gcc');
    expect(lines.filter((line) => line.trim() !== '').at(-1)).toBe('exec apptainer exec --nv a.sif python3 k.py');
  });

  test.each([
    ['{{run}}\n', 'does not begin with #!'],
    ['#!/bin/sh\necho\n', 'no line with {{run}}'],
    ['#!/bin/sh\nsrun {{run}}\n', 'no line with {{run}}'],
    ['#!/bin/sh\n{{run}}\n{{run}}\n', '2 lines with {{run}}'],
    ['#!/bin/sh\n{{gpus}}\n{{run}}\n', '{{gpus}}, which stands for nothing'],
  ])('%j is no template', (text, fault) => {
    expect(templateFault(text, false)).toContain(fault);
  });
  test('modules need their place', () => {
    expect(templateFault('#!/bin/sh\n{{run}}\n', false)).toBeUndefined();
    expect(templateFault('#!/bin/sh\n{{run}}\n', true)).toContain('{{modules}}');
    expect(templateFault(TEMPLATE, true)).toBeUndefined();
  });

  describe('of one’s own', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-template-'));
      mkdirSync(path.join(folder, 'slurm'));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    test('one for a host comes before one for all, and a wrong one is named', () => {
      const paths = { configFile: path.join(folder, 'config.toml') };
      expect(templateFor(paths, 'gpu')).toBe(TEMPLATE);
      writeFileSync(path.join(folder, 'slurm', 'batch.sh'), '#!/bin/sh\n# all\n{{run}}\n');
      writeFileSync(path.join(folder, 'slurm', 'gpu.sh'), '#!/bin/sh\r\n# gpu\r\n{{run}}\r\n');
      expect(templateFor(paths, 'other')).toContain('# all');
      expect(templateFor(paths, 'gpu')).toBe('#!/bin/sh\n# gpu\n{{run}}\n');
      writeFileSync(path.join(folder, 'slurm', 'gpu.sh'), '#!/bin/sh\n');
      expect(() => templateFor(paths, 'gpu')).toThrow(/gpu\.sh has no line with \{\{run\}\}/);
    });
  });
});

describe('what sbatch is given', () => {
  const job = { run: 'r-1', folder: '/home/me/a b/100%', gpus: 2 };
  test('ours, then the host’s', () => {
    const options = batchOptions(job, { partition: 'gpu', time: '4:00:00', options: ['--constraint=a100'] });
    expect(options).toContain('--output=/home/me/a b/100%%/batch.log');
    expect(options).toContain('--signal=B:USR1@240');
    expect(options.slice(-4)).toEqual(['--partition=gpu', '--gres=gpu:2', '--time=4:00:00', '--constraint=a100']);
  });
  test('several nodes: one task on each, each with so many GPUs', () => {
    const options = batchOptions({ ...job, nodes: 3 }, { cpus: 8 });
    // As sbatch(1) has it: --gres and --cpus-per-task count for each node and task.
    expect(options).toEqual(
      expect.arrayContaining(['--nodes=3', '--ntasks=3', '--ntasks-per-node=1', '--gres=gpu:2', '--cpus-per-task=8']),
    );
    expect(batchOptions(job, {})).toContain('--ntasks=1');
    expect(batchOptions(job, {}).join(' ')).not.toContain('--nodes');
  });
  test('each task of an array prints into a folder of its own', () => {
    expect(batchOptions({ ...job, isArray: true }, {})).toContain('--output=/home/me/a b/100%%/%a/batch.log');
  });
  test('no GPU is asked for where none is needed, and a gres of one’s own counts', () => {
    expect(batchOptions({ ...job, gpus: 0 }, {}).join(' ')).not.toContain('--gres');
    expect(batchOptions(job, { gres: 'gpu:a100:1' })).toContain('--gres=gpu:a100:1');
  });
  test.each([
    { partition: 'gpu --wrap=id' },
    { partition: '-p' },
    { account: 'a\nb' },
    { gres: 'gpu;id' },
    { time: '1 hour' },
    { memory: '32GB' },
    { container: 'a\nb' },
    { options: ['x'] },
    { options: ['--a\n--b'] },
    { warnSeconds: 5 },
  ])('%j is refused', (settings) => {
    expect(slurmSettingsSchema.safeParse(settings).success).toBe(false);
  });
});
