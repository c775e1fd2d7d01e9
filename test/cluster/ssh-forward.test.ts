import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkForwarding, forwardPort } from '../../src/hosts/forward.ts';
import { readForwardedFault } from '../../src/hosts/forwarded.ts';
import { type FarHost, sshdIsHere, startFarHost, withSshd } from '../support/far-host.ts';

describe.skipIf(!sshdIsHere)(`a port here that leads to another host (${withSshd})`, () => {
  let far: FarHost;
  beforeAll(async () => {
    far = await startFarHost();
  });
  afterAll(() => far.remove());

  test.each(['AllowTcpForwarding no', 'PermitOpen 127.0.0.1:1'])('a ban is told as one: %s', async (line) => {
    far.configure(`${line}\n`);
    await expect(checkForwarding('far', 9)).rejects.toMatchObject({
      code: 'permission',
      message: expect.stringMatching(/^far forbids .*administratively prohibited/),
      hint: expect.stringContaining('AllowTcpForwarding'),
    });
  });

  test('where it is allowed: passes, and a port that nobody has is said to be that', async () => {
    far.configure('');
    await checkForwarding('far', 9);
    const forward = await forwardPort('far', 9);
    const response = await fetch(`http://127.0.0.1:${forward.port}/health`);
    expect(readForwardedFault(response.headers, await response.text())).toEqual({
      type: 'closed',
      message: 'far is there, but nobody answers at its port 9.',
    });
    await forward.close();
  });
});
