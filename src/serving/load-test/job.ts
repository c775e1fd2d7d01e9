import type { JobContext } from '../../jobs/worker.ts';
import { type ChatEndpoint, shownUrl } from '../../models/endpoint-url.ts';
import { listEndpoints } from '../../models/store.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { rememberSecret } from '../../platform/redact.ts';
import { isHostedService } from '../hosted.ts';
import { llmResolver } from '../resolve.ts';
import { findServer, parseLlm } from '../servers.ts';
import { kneeOf } from './knee.ts';
import { promptsOf } from './prompts.ts';
import { requestsOf, runLoadTest } from './run.ts';
import { writeLoadTest } from './store.ts';
import type { LoadTest, LoadTestResult } from './types.ts';

/** The body of a `load-test` job: what it measured is kept after each level. */
export async function runLoadTestJob({
  spec,
  work,
  folder,
  paths,
  report,
  signal,
}: JobContext<'load-test'>): Promise<void> {
  const { test } = work;
  const { endpoint, engine, embedded } = await targetOf(paths, test, signal);
  const prompts = await promptsOf(paths, test);
  const total = [...new Set(test.concurrency)].reduce((sum, level) => sum + requestsOf(test, level), 0);
  let before = 0;
  let result: LoadTestResult = {
    version: 1,
    id: spec.id,
    startedAt: new Date().toISOString(),
    test,
    url: shownUrl(endpoint),
    model: endpoint.model,
    engine,
    state: 'running',
    levels: [],
    knee: null,
  };
  const keep = (change: Partial<LoadTestResult>): void => {
    result = { ...result, ...change };
    writeLoadTest(folder, result);
  };
  report.ready();
  report.log('info', `asking ${endpoint.model} at ${result.url}`);
  try {
    await runLoadTest(endpoint, test, {
      signal,
      prompts,
      embedded,
      onRequest: ({ level, done }) =>
        report.progress({
          phase: `${level} at a time`,
          done: before + done,
          total,
          unit: 'requests',
          rate: null,
          secondsLeft: null,
        }),
      onLevel: (level) => {
        before += requestsOf(test, level.concurrency);
        const levels = [...result.levels, level];
        keep({ levels, knee: kneeOf(levels) });
        report.log(
          level.errors > 0 ? 'warn' : 'info',
          `${level.concurrency} at a time: ${level.tokensPerSecond.toFixed(1)} tokens/s, ${level.requestsPerSecond.toFixed(2)} requests/s, ${level.errors} errors`,
        );
      },
    });
  } catch (error) {
    keep({ state: signal.aborted ? 'cancelled' : 'failed' });
    throw error;
  }
  keep({ state: 'done' });
}

/**
 * Where the test goes. Errors: `usage` for a hosted service, `permission` for a key that is missing, `unavailable` when
 * nothing is served under that name: a load test starts no server.
 */
async function targetOf(
  paths: WorkspacePaths,
  { target }: LoadTest,
  signal: AbortSignal,
): Promise<{ endpoint: ChatEndpoint; engine: string; embedded: boolean }> {
  if (target.kind === 'url') {
    const key = target.keyEnv === undefined ? undefined : process.env[target.keyEnv];
    if (target.keyEnv !== undefined && !key) {
      throw new RagtuiError('permission', `The environment has no ${target.keyEnv}.`, 'Set it and try again.');
    }
    if (key) rememberSecret(key);
    return { endpoint: { url: target.url, model: target.model, key }, engine: '', embedded: false };
  }
  const own = listEndpoints(paths).find(({ name, kind }) => name === target.name && kind === 'chat');
  if (own && isHostedService(own)) {
    throw new RagtuiError(
      'usage',
      `${own.name} is a hosted service: it is not ours to load.`,
      'Test a server of your own.',
    );
  }
  if (!own) {
    const { name, engine } = parseLlm(target.name);
    if (!findServer(paths, [name], engine)) {
      throw new RagtuiError(
        'unavailable',
        `Nothing is served as "${target.name}".`,
        `Start it first: \`ragtui deploy start ${name}\`.`,
      );
    }
  }
  const endpoint = await llmResolver(paths)(target.name, { signal });
  const { engine } = own ? { engine: undefined } : parseLlm(target.name);
  const server = own ? undefined : findServer(paths, [parseLlm(target.name).name], engine);
  return { endpoint, engine: server?.work.engine ?? '', embedded: endpoint.embedded };
}
