import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { askAgent } from '../../../src/hosts/agent.ts';
import { untilReached } from '../../../src/hosts/follow.ts';
import { dropConnection, runThere } from '../../../src/hosts/ssh.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';
import { factsOfHost, hostCalled } from '../../store/fleet-samples.ts';

vi.mock('../../../src/hosts/ssh.ts', { spy: true });

const there = vi.mocked(runThere);
const dropped = vi.mocked(dropConnection);
const host = { ...hostCalled('far'), facts: factsOfHost() };
beforeEach(() => {
  there.mockReset();
  dropped.mockReset().mockResolvedValue();
});
afterEach(() => vi.restoreAllMocks());

const answers = (answer: object) => there.mockResolvedValueOnce(Buffer.from(`\n${JSON.stringify(answer)}\n`));
const ask = (onReach = vi.fn()) =>
  untilReached(host, () => askAgent(host, { op: 'x' }, z.object({ done: z.boolean() })), {
    signal: new AbortController().signal,
    onReach,
  });

test('a host that cannot be reached is asked again through a new connection', async () => {
  there.mockRejectedValueOnce(new RagtuiError('network', 'far cannot be reached: Connection refused.'));
  answers({ done: true });
  expect(await ask()).toEqual({ done: true });
  expect(dropped).toHaveBeenCalledTimes(1);
});

test('where only its Slurm cannot be reached the connection stays: servers and jobs of others go through it', async () => {
  answers({ error: { code: 'network', message: "Slurm's controller cannot be reached: Socket timed out" } });
  answers({ done: true });
  const onReach = vi.fn();
  expect(await ask(onReach)).toEqual({ done: true });
  expect(onReach.mock.calls).toEqual([
    [{ since: expect.any(Date), why: "On far: Slurm's controller cannot be reached: Socket timed out." }],
    [null],
  ]);
  expect(dropped).not.toHaveBeenCalled();
});
