import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { forwardPort } from '../../../src/hosts/forward.ts';
import { readForwardedFault } from '../../../src/hosts/forwarded.ts';
import { doesAnswer } from '../../../src/jobs/health.ts';
import { startServer } from '../../support/model-server.ts';

test('what a port here says in place of a host that is down is no answer of the server; a 503 of its own is', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-forward-'));
  // Taken and given back: nobody listens there.
  const taken = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const address = taken.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await new Promise((resolve) => taken.close(resolve));
  const config = path.join(folder, 'config');
  writeFileSync(config, `Host gone\n  HostName 127.0.0.1\n  Port ${port}\n`);
  process.env['RAGTUI_SSH_CONFIG'] = config;
  const forward = await forwardPort('gone', 8000);
  const server = await startServer((_, response) => void response.writeHead(503).end('{}'));
  try {
    const url = `http://127.0.0.1:${forward.port}/v1`;
    const response = await fetch(`${url}/models`);
    expect([response.status, readForwardedFault(response.headers, await response.text())]).toEqual([
      503,
      { type: 'unreachable', message: expect.stringMatching(/^gone cannot be reached/) },
    ]);
    expect([await doesAnswer(url), await doesAnswer(`${server.url}/v1`)]).toEqual([false, true]);
  } finally {
    delete process.env['RAGTUI_SSH_CONFIG'];
    await forward.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
