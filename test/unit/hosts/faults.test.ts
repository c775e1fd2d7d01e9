import { describe, expect, test } from 'vitest';
import { sshFault } from '../../../src/hosts/ssh.ts';
import { rsyncFault } from '../../../src/hosts/sync.ts';
import { checkpointsIn } from '../../../src/training/far-tune.ts';

describe('why a connection failed', () => {
  // As OpenSSH 9.2 says it.
  test.each([
    ['me@gpu: Permission denied (publickey,password).', 255, 'permission'],
    ['Host key verification failed.', 255, 'permission'],
    ['ssh: Could not resolve hostname gpu: Name or service not known', 255, 'not-found'],
    ['ssh: connect to host gpu port 22: Connection refused', 255, 'network'],
    ['ssh: connect to host gpu port 22: Connection timed out', 255, 'network'],
    ['Connection closed by 127.0.0.1 port 26022', 255, 'network'],
    ['Connection reset by 127.0.0.1 port 26022', 255, 'network'],
    ['client_loop: send disconnect: Broken pipe', 255, 'network'],
    ['', 255, 'network'],
    ['', null, 'network'],
    ['sh: 1: python3: not found', 127, 'unavailable'],
    // Of a program there, not of the connection.
    ['open: Permission denied', 1, 'unavailable'],
  ])('%s (%s): %s', (stderr, code, right) => {
    expect(sshFault('gpu', { code, stderr }).code).toBe(right);
  });
  test.each([
    ['rsync: write failed on "/x": No space left on device (28)', 11, 'disk-full'],
    ['ssh: connect to host gpu port 22: Connection refused\nrsync error: unexplained error', 255, 'network'],
    ['rsync error: error in rsync protocol data stream (code 12)', 12, 'network'],
    ['rsync: [sender] change_dir "/z" failed: No such file or directory (2)', 12, 'unavailable'],
    ['rsync: link_stat "/y" failed', 23, 'unavailable'],
  ])('rsync: %s: %s %s', (stderr, code, right) => {
    expect(rsyncFault('gpu', code, stderr).code).toBe(right);
  });
});

test('checkpoints of a listing: whole ones, the newest first', () => {
  const names = [
    'checkpoint-9/trainer_state.json',
    'checkpoint-10/trainer_state.json',
    'checkpoint-11/x',
    'a/checkpoint-12/trainer_state.json',
  ];
  expect(checkpointsIn(names)).toEqual(['checkpoint-10', 'checkpoint-9']);
  expect(checkpointsIn([...names, 'checkpoint-10/checkpoint-is-incomplete.txt'])).toEqual(['checkpoint-9']);
});
