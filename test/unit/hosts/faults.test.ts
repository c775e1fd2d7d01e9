import { describe, expect, test } from 'vitest';
import { sshFault } from '../../../src/hosts/ssh.ts';
import { rsyncFault } from '../../../src/hosts/sync.ts';
import { checkpointsIn, wantedOf } from '../../../src/training/far-tune.ts';

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

test('what is brought of an engine: no older checkpoint, and no optimizer once nothing goes on from there', () => {
  const small = ['adapter_model.safetensors', 'checkpoint-10/adapter_model.safetensors', 'checkpoint-10/scheduler.pt'];
  const optimizer = [
    'checkpoint-10/optimizer.pt',
    'checkpoint-10/optimizer.bin',
    'checkpoint-10/global_step10/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt',
  ];
  // DeepSpeed's weights.
  const states = 'checkpoint-10/global_step10/mp_rank_00_model_states.pt';
  const names = [...small, ...optimizer, states, 'checkpoint-9/optimizer.pt', 'checkpoint-9/trainer_state.json'];
  expect(wantedOf(names, 'checkpoint-10', false)).toEqual([...small, ...optimizer, states]);
  expect(wantedOf(names, 'checkpoint-10', true)).toEqual([...small, states]);
  expect(wantedOf(['adapter_model.safetensors'], undefined, true)).toEqual(['adapter_model.safetensors']);
});
