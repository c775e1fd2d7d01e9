import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { engineEnvironment } from '../../engines/definitions.ts';
import { installedEngine } from '../../engines/store.ts';
import { type EndpointFile, jobFiles, writeJsonFile } from '../../jobs/folder.ts';
import type { JobContext } from '../../jobs/worker.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { transformersBase } from '../../training/base-llm.ts';
import { FileTail } from '../../training/tail-file.ts';
import { firstVersions, firstVersionsLoaded } from '../adapters/at-start.ts';
import { watchAdapters } from '../adapters/watch-checks.ts';
import { keptLine, repeatCheck } from '../embedding/promise.ts';
import { isStopNow } from '../stop.ts';
import { drainSeconds } from '../types.ts';
import { loraRoom, shownCommand, type VllmMachine, vllmCommand, vllmEnvironment } from './command.ts';
import { STAGE_COUNT } from './log.ts';
import { cpuHasBfloat16 } from './machine.ts';
import { checkVllmMemory } from './memory.ts';
import { adapterRanks } from './plan.ts';
import { holdServer, poolerOf } from './pooling.ts';
import { runServer } from './process.ts';
import { StartProgress } from './start-progress.ts';

const HEALTH_MS = 500;
/** A port found free can be gone a moment later; vLLM says so before it loads anything. */
const PORT_TRIES = 3;

type Context = JobContext<'serve'>;

/** The body of a `serve` job on vLLM: base and adapters behind one port of loopback, until it is stopped. */
export async function serveVllm(context: Context): Promise<void> {
  const { work, paths } = context;
  const { python, device } = installedEngine(paths, 'vllm');
  const machine: VllmMachine = { python, device, hasBfloat16: cpuHasBfloat16() };
  if (work.vllm?.ray !== undefined) await checkRay(python);
  const room = loraRoom(work, adapterRanks(work));
  const weights = work.weights ?? (await weightsOf(context));
  // Once more here, now that the weights are there, and for a start that asked nobody: `jobs retry`.
  checkVllmMemory(paths, { ...work, weights }, device, machine.hasBfloat16);
  const adapters = await firstVersions(context, room);
  const pooler = poolerOf(paths, work);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runOnce(context, { machine, work, weights, adapters, room, pooler, port: await freePort() });
    } catch (error) {
      if (attempt === PORT_TRIES || !(error instanceof RagtuiError && error.code === 'busy')) throw error;
      context.report.log('warn', error.message);
    }
  }
}

/** Ray is no requirement of vLLM: without it the server would end a minute later. Errors: `unavailable`. */
async function checkRay(python: string): Promise<void> {
  try {
    await promisify(execFile)(python, ['-c', 'import ray']);
  } catch (cause) {
    throw new RagtuiError(
      'unavailable',
      "Ray is not in vLLM's environment.",
      `Put it there (\`uv pip install --python ${python} ray\`), the version of the cluster; or name an environment that has it: \`ragtui engines install vllm --python PATH\`.`,
      { cause },
    );
  }
}

/** The Transformers folder of the base, made of its GGUF if it is not there. */
async function weightsOf({ work, paths, report, signal }: Context): Promise<string> {
  report.progress({
    phase: 'preparing the base',
    done: 0,
    total: STAGE_COUNT,
    unit: 'stages',
    rate: null,
    secondsLeft: null,
  });
  const onLog = (text: string) => report.log('info', text);
  return (await transformersBase(paths, work.model, () => baseMaker(paths), { signal, onLog })).folder;
}

/** Only LLaMA-Factory's Transformers still turn a GGUF into plain weights. */
const baseMaker = (paths: WorkspacePaths) => installedEngine(paths, 'llamafactory');

async function runOnce(context: Context, start: Parameters<typeof vllmCommand>[0]): Promise<void> {
  const { folder, paths, report, signal, work } = context;
  const files = jobFiles(folder);
  const key = randomBytes(24).toString('base64url');
  const url = `http://127.0.0.1:${start.port}/v1`;
  const model = work.servedName ?? work.model;
  const tell = (ready: boolean) =>
    writeJsonFile(files.endpoint, { url, key, model, ready, adapters: start.adapters } satisfies EndpointFile);
  const command = vllmCommand(start);
  const follow = new StartProgress(report, paths, `vllm ${start.machine.device} ${work.model}`);
  const earlier = statSync(files.stdout, { throwIfNoEntry: false })?.size ?? 0;
  const tail = new FileTail(files.stdout, (line) => follow.line(line), earlier);
  const over = new AbortController();
  const env = vllmEnvironment(work, start.machine, key);
  report.log('info', shownCommand(command, env));
  tell(false);
  const names = [model, ...start.adapters.map(({ name }) => name)];
  const ending = AbortSignal.any([signal, over.signal]);
  const stop = new AbortController();
  /** An embedder must give the vectors that its model promises, now and later. */
  const hold = async () => {
    const check = () => holdServer(context.paths, work, { url, key }, ending);
    report.log('info', keptLine(await check()));
    repeatCheck(check, (error) => stop.abort(error), ending);
  };
  const healthy = untilHealthy(url, key, names, ending).then(async () => {
    await firstVersionsLoaded(folder, start.adapters);
    if (work.runner === 'pooling') await hold();
    tell(true);
    report.ready();
    follow.ready(`serving ${names.join(', ')} at ${url}`);
    // A check that fails has said so; the server does not depend on it.
    watchAdapters(context, { url, key }, ending).catch((error: unknown) => report.error(error));
  });
  // A fault of the health check ends the server too.
  healthy.catch((error) => {
    if (!over.signal.aborted && !signal.aborted) stop.abort(error);
  });
  try {
    const exit = await runServer({
      ...command,
      cwd: folder,
      env: { ...engineEnvironment('vllm', start.machine.device), ...env },
      log: files.stdout,
      signal: AbortSignal.any([signal, stop.signal]),
      drainMs: () => (isStopNow(folder) ? 0 : Math.max(1, drainSeconds(work)) * 1000),
      onLook: () => {
        tail.look();
        follow.look();
      },
      onLog: (text) => report.log('info', text),
    });
    if (stop.signal.aborted) throw stop.signal.reason;
    if (!signal.aborted) throw follow.fault(exit);
  } finally {
    over.abort();
    rmSync(files.endpoint, { force: true });
  }
}

const modelsSchema = z.object({ data: z.array(z.object({ id: z.string() })) });

/** Resolves when /health is 200 and all names are served. Throws `not-found` when one is not, the reason on abort. */
async function untilHealthy(url: string, key: string, names: readonly string[], signal: AbortSignal): Promise<void> {
  while (!(await isHealthy(url, signal))) await delay(HEALTH_MS, undefined, { signal });
  const response = await fetch(`${url}/models`, { headers: { authorization: `Bearer ${key}` }, signal });
  const served = modelsSchema.parse(await response.json()).data.map(({ id }) => id);
  const missing = names.filter((name) => !served.includes(name));
  if (missing.length > 0) {
    throw new RagtuiError('not-found', `vLLM came up without ${missing.join(', ')}.`, 'See the log of the job.');
  }
}

async function isHealthy(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(new URL('/health', url), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** A port of loopback that nobody has at the moment. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
