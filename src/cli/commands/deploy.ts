import type { Command } from 'commander';
import { z } from 'zod';
import { type ServeWork, serveEngineSchema } from '../../serving/types.ts';
import type { CommandContext } from '../context.ts';
import { collect, handle, type Invocation } from '../define.ts';
import { needModels } from '../need-models.ts';
import { table } from '../output.ts';
import { jobJson } from './jobs.ts';

const whole = z.coerce.number('a whole number').int('a whole number').positive();
const startSchema = z.object({
  engine: serveEngineSchema.optional(),
  adapter: z.array(z.string().min(1)).default([]),
  context: whole.optional(),
  kvGib: whole.optional(),
  wait: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  pull: z.boolean().default(true),
});
type StartOptions = z.output<typeof startSchema>;
const stopSchema = z.object({ engine: serveEngineSchema.optional() });

/** `ragtui deploy start|list|stop`. */
export function addDeploy(program: Command, invocation: Invocation): void {
  const deploy = program.command('deploy').description('serve models and their adapters on this machine');
  const start = deploy
    .command('start')
    .description('serve a model, an embedder, or an adapter with its base; the server goes on when this command ends')
    .argument('<model>')
    .option(
      '--engine <engine>',
      'vllm, llama (our server) or onnx (ours, for embedders); default: vllm where it is installed for a GPU',
    )
    .option('--adapter <name=path>', 'a LoRA adapter beside the base: NAME=FOLDER, or its name; repeatable', collect)
    .option('--context <tokens>', 'prompt and answer together (default: 4096, or what the model has)')
    .option('--kv-gib <n>', 'vLLM on a CPU: memory for the cache of contexts, GiB (default: 1)')
    .option('--wait', 'stay until it answers')
    .option('--dry-run', 'show what would run, start nothing')
    .option('--no-pull', 'do not fetch a missing default model');
  handle(start, invocation, { args: z.tuple([z.string().min(1)]), options: startSchema }, runStart);
  const list = deploy.command('list').description('what is served where');
  handle(list, invocation, { args: z.tuple([]), options: z.object({}) }, runList);
  const stop = deploy
    .command('stop')
    .description('stop the servers that have this model or adapter')
    .argument('<name>')
    .option('--engine <engine>', 'only those on this engine');
  handle(stop, invocation, { args: z.tuple([z.string().min(1)]), options: stopSchema }, runStop);
}

async function runStart(context: CommandContext, [model]: [string], options: StartOptions): Promise<undefined> {
  const { planDeployment } = await import('../../serving/deploy.ts');
  const { ensureJob, untilServed } = await import('../../serving/llama.ts');
  const { out, paths, signal } = context;
  const { engine, adapter, context: contextTokens, kvGib, dryRun } = options;
  if (!dryRun) await needModels(context, [model], options.pull);
  const work = planDeployment(paths, {
    model,
    adapters: adapter,
    dryRun,
    ...(engine === undefined ? {} : { engine }),
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...(kvGib === undefined ? {} : { kvCacheGiB: kvGib }),
  });
  if (dryRun) return showPlan(context, work);
  if (work.engine === 'vllm') {
    const { installedEngine } = await import('../../engines/store.ts');
    installedEngine(paths, 'vllm');
  }
  const job = await ensureJob(paths, work, { signal, onStatus: (text) => out.note(text) });
  const { id } = job.spec;
  if (options.wait) {
    await untilServed(paths, id, model, { signal, onStatus: (text) => out.progress(text) });
    out.clearProgress();
  }
  const { readJob } = await import('../../jobs/registry.ts');
  const view = readJob(paths, id);
  out.result({ job: jobJson(view), served: names(work) }, () =>
    view.endpoint && options.wait
      ? [
          `${names(work).join(', ')} at ${view.endpoint.url}`,
          `The key is in ${view.folder}/endpoint.json. Stop it: ragtui deploy stop ${work.model}`,
        ]
      : `Started ${id}. Follow it: ragtui jobs logs -f ${id}`,
  );
}

const names = ({ model, adapters, engine }: ServeWork): string[] =>
  engine === 'onnx' ? [model, `${model}:query`] : [model, ...adapters.map(({ name }) => name)];

/** Exactly what would run. The key is made at the start and never part of a command line. */
async function showPlan({ out, paths }: CommandContext, work: ServeWork): Promise<undefined> {
  if (work.engine !== 'vllm') {
    out.result({ work, command: null }, () => [
      `Would serve ${names(work).join(', ')} on the embedded server, with ${work.contextTokens} tokens of context.`,
    ]);
    return;
  }
  const { plannedCommand } = await import('../../serving/vllm/plan.ts');
  const command = plannedCommand(paths, work);
  out.result({ work, command }, () => [command]);
}

async function runList({ out, paths }: CommandContext): Promise<undefined> {
  const { listServers } = await import('../../serving/servers.ts');
  const servers = listServers(paths);
  const deployments = servers.map(({ job, work }) => ({
    job: job.spec.id,
    engine: work.engine,
    state: job.state,
    phase: job.progress?.phase ?? '',
    model: work.model,
    adapters: work.adapters.map(({ name }) => name),
    url: job.endpoint?.url ?? null,
    startedAt: job.startedAt,
    contextTokens: work.contextTokens,
  }));
  out.result({ deployments }, () =>
    deployments.length === 0
      ? 'Nothing is served.'
      : table(
          ['MODEL', 'ADAPTERS', 'ENGINE', 'STATE', 'ADDRESS', 'JOB'],
          deployments.map((one) => [
            one.model,
            one.adapters.join(', ') || '-',
            one.engine,
            one.state === 'running' || !one.phase ? one.state : `${one.state}: ${one.phase}`,
            one.url ?? '-',
            one.job,
          ]),
        ),
  );
}

async function runStop(
  { out, paths }: CommandContext,
  [name]: [string],
  { engine }: z.output<typeof stopSchema>,
): Promise<undefined> {
  const { stopServers } = await import('../../serving/llama.ts');
  const { RagtuiError } = await import('../../platform/errors.ts');
  const words = { ask: 'asked it to stop', terminate: 'sent TERM', kill: 'sent KILL' };
  const stopped = await stopServers(paths, name, {
    ...(engine === undefined ? {} : { engine }),
    onStep: ({ step, graceSeconds }) => out.note(`${words[step]}; waiting up to ${graceSeconds} s`),
  });
  if (stopped.length === 0)
    throw new RagtuiError('not-found', `Nothing is served as "${name}".`, 'See `ragtui deploy list`.');
  out.result({ stopped: stopped.map(jobJson) }, () => stopped.map((job) => `${job.spec.id} ${job.state}`));
}
