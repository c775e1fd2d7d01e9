import { describe, expect, test } from 'vitest';
import { sshArguments } from '../../../src/hosts/ssh.ts';
import { farPathSchema, hostNameSchema, hostOf, isSlurm, launcherSchema } from '../../../src/hosts/types.ts';

describe('names of hosts', () => {
  test.each(['gpu', 'gpu-1.lab', 'me@gpu', 'user.name@10.0.0.7', 'GPU_2'])('%s is one', (name) => {
    expect(hostNameSchema.safeParse(name).success).toBe(true);
  });
  // What ssh would take for an option, or a shell for more than a word.
  test.each([
    '',
    '-oProxyCommand=id',
    'me@-oProxyCommand=id',
    'a b',
    'a;id',
    '$(id)',
    "a'b",
    'a\nb',
    'a/b',
    'a@b@c',
    '`id`',
  ])('%j is none', (name) => {
    expect(hostNameSchema.safeParse(name).success).toBe(false);
    expect(launcherSchema.safeParse(`ssh:${name}`).success).toBe(false);
    expect(launcherSchema.safeParse(`slurm:${name}`).success).toBe(false);
  });
  test('a launcher names how and where', () => {
    for (const name of ['ssh:me@gpu', 'slurm:login-1.lab']) expect(launcherSchema.safeParse(name).success).toBe(true);
    for (const name of ['slurm', 'local', 'ray:gpu', 'gpu']) expect(launcherSchema.safeParse(name).success).toBe(false);
    expect(['ssh:me@10.0.0.7', 'slurm:gpu', 'local'].map(hostOf)).toEqual(['me@10.0.0.7', 'gpu', '']);
    expect(['ssh:a', 'slurm:a', 'local', undefined].map(isSlurm)).toEqual([false, true, false, false]);
  });
  test('the host stands behind -- and the command is one word', () => {
    const args = sshArguments('gpu', 'a b');
    expect(args.slice(-3)).toEqual(['--', 'gpu', 'a b']);
    expect(args).toContain('BatchMode=yes');
  });
  test.each(['/data/x', '~/x', '~/a b'])('%s is a folder there', (name) => {
    expect(farPathSchema.safeParse(name).success).toBe(true);
  });
  test.each(['x', '~root/x', '/a/../../etc', '-x', ''])('%j is none', (name) => {
    expect(farPathSchema.safeParse(name).success).toBe(false);
  });
});
