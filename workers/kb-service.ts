// The kb service: the one process that writes ragtui.db. argv: the workspace folder.

import net from 'node:net';
import { QueryModels } from '../src/kb/retrieve/query-models.ts';
import { serve } from '../src/kb/server.ts';
import { openKbService } from '../src/kb/service.ts';
import { errorLine, toRagtuiError } from '../src/platform/errors.ts';
import { workspacePaths } from '../src/platform/paths.ts';
import { waitUntil } from '../src/platform/processes.ts';

process.umask(0o077);
const IDLE_MS = Number(process.env['RAGTUI_KB_IDLE_MS'] ?? 60_000);
/** How long a service that is just leaving may keep the lock. */
const LOCK_WAIT_MS = 15_000;

try {
  await main();
} catch (error) {
  const { code, message, hint } = toRagtuiError(error);
  // The client that started us reads this line back.
  console.error(JSON.stringify({ time: new Date().toISOString(), error: { code, message, hint } }));
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const paths = workspacePaths(process.argv[2]);
  const models = new QueryModels(paths);
  const options = { embedder: models, reranker: models, texts: models };
  let opened: ReturnType<typeof openKbService> | undefined;
  const tryOpen = () => {
    try {
      opened = openKbService(paths, options);
    } catch (error) {
      if (toRagtuiError(error).code !== 'busy') throw error;
    }
    return opened !== undefined;
  };
  // Another service has the workspace: it is leaving, or it serves already and we are not needed.
  if (!(await waitUntil(async () => tryOpen() || (await answers(paths.socket)), LOCK_WAIT_MS, 50))) return;
  const service = opened;
  if (!service) return;
  const server = await serve(paths, service, IDLE_MS);
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  await Promise.race([server.done, asked]);
  await server.close();
  await models.close();
  await service.close().catch((error: unknown) => console.error(errorLine(error)));
  process.exit();
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(socketPath);
    const done = (answered: boolean) => () => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', done(true));
    socket.once('error', done(false));
  });
}
