import type { Command } from 'commander';
import { z } from 'zod';
import { hostOf, launcherSchema } from '../../hosts/types.ts';
import type { AdapterVersion, DeployedAdapter } from '../../serving/adapters/types.ts';
import type { StartPlan } from '../../serving/start-plan.ts';
import { type ServeWork, serveEngineSchema } from '../../serving/types.ts';
import type { CommandContext } from '../context.ts';
import { collect, handle, type Invocation } from '../define.ts';
import { jobJson } from '../job-text.ts';
import { needModels } from '../need-models.ts';
import { table } from '../output.ts';
import { addVllmOptions, vllmOptionShape, vllmOptions } from '../vllm-options.ts';
import { addBench } from './deploy/bench.ts';
import { addDeployCompare } from './deploy/compare.ts';
import { addMakeRoom } from './deploy/make-room.ts';

const whole = z.coerce.number('a whole number').int('a whole number').positive();
const startSchema = z.object({
  engine: serveEngineSchema.optional(),
  adapter: z.array(z.string().min(1)).default([]),
  context: whole.optional(),
  kvGib: whole.optional(),
  servedName: z.string().min(1).optional(),
  swap: z.string().min(1).optional(),
  launcher: z.union([z.literal('local'), launcherSchema]).default('local'),
  ...vllmOptionShape,
  wait: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  pull: z.boolean().default(true),
});
type StartOptions = z.output<typeof startSchema>;
const stopSchema = z.object({ engine: serveEngineSchema.optional(), now: z.boolean().default(false) });
const serverSchema = z.object({ engine: serveEngineSchema.optional(), job: z.string().optional() });
type ServerOptions = z.output<typeof serverSchema>;
const loadSchema = z.object({
  ...serverSchema.shape,
  check: z.boolean().default(true),
  strict: z.boolean().default(false),
});
const rollbackSchema = z.object({ ...serverSchema.shape, to: whole.optional(), forward: z.boolean().default(false) });

/** `ragtui deploy start|list|stop|load-adapter|unload-adapter|rollback|bench|compare`. */
export function addDeploy(program: Command, invocation: Invocation): void {
  const deploy = program.command('deploy').description('serve models and their adapters on this machine');
  const start = deploy
    .command('start')
    .description('serve a model, an embedder, or an adapter with its base; the server goes on when this command ends')
    .argument('<model>')
    .argument('[flags...]', 'after "--": flags for vLLM, as they are')
    .option(
      '--engine <engine>',
      'vllm, llama (our server) or onnx (ours, for embedders); default: vllm where it is installed for a GPU',
    )
    .option('--adapter <name=path>', 'a LoRA adapter beside the base: NAME=FOLDER, or its name; repeatable', collect)
    .option('--context <tokens>', 'prompt and answer together (default: 4096, or what the model has)')
    .option('--kv-gib <n>', 'vLLM on a CPU: memory for the cache of contexts, GiB (default: 1)')
    .option('--served-name <name>', 'the name clients ask for (default: the model’s own)')
    .option('--swap <name>', 'stop the servers of this model, adapter or job first, once it is known to fit')
    .option('--launcher <where>', 'vLLM: local, or ssh:HOST (see "ragtui hosts"); default: local')
    .option('--wait', 'stay until it answers')
    .option('--dry-run', 'show what would run, start nothing')
    .option('--no-pull', 'do not fetch a missing default model');
  const startArgs = z.tuple([z.string().min(1), z.array(z.string()).default([])]);
  handle(addVllmOptions(start), invocation, { args: startArgs, options: startSchema }, runStart);
  const list = deploy
    .command('list')
    .description('what is served where; with --json also a line for curl, which reads the key from its file');
  handle(list, invocation, { args: z.tuple([]), options: z.object({}) }, runList);
  const stop = deploy
    .command('stop')
    .description('stop the servers that have this model or adapter, or the server of this job')
    .argument('<name>')
    .option('--engine <engine>', 'only those on this engine')
    .option('--now', 'cut off what it is answering');
  handle(stop, invocation, { args: z.tuple([z.string().min(1)]), options: stopSchema }, runStop);
  addAdapterCommands(deploy, invocation);
  addBench(deploy, invocation);
  addMakeRoom(deploy, invocation);
  addDeployCompare(deploy, invocation);
}

/** Adapters of a server that runs. */
function addAdapterCommands(deploy: Command, invocation: Invocation): void {
  const onServer = (command: Command) =>
    command
      .option('--engine <engine>', 'a server on this engine')
      .option('--job <id>', 'the server of this job (default: the newest that fits)');
  const name = z.tuple([z.string().min(1)]);
  const load = deploy
    .command('load-adapter')
    .description('load an adapter into a running server as its next version, and check that it does something')
    .argument('<name=path>', 'NAME=FOLDER, or the name of an adapter in the list of models');
  onServer(load)
    .option('--strict', 'fail (exit code 1) when it does nothing, or when that cannot be checked')
    .option('--no-check', 'do not wait for the checks');
  handle(load, invocation, { args: name, options: loadSchema }, runLoad);
  const unload = deploy
    .command('unload-adapter')
    .description('take an adapter with all its versions from a server, or one version (NAME.v2)')
    .argument('<name>');
  handle(onServer(unload), invocation, { args: name, options: serverSchema }, runUnload);
  const rollback = deploy
    .command('rollback')
    .description('make an earlier version of an adapter the one its name means')
    .argument('<name>');
  onServer(rollback)
    .option('--to <version>', 'to this version (default: the one before)')
    .option('--forward', 'to the version after the current one');
  handle(rollback, invocation, { args: name, options: rollbackSchema }, runRollback);
}

const serverOf = ({ engine, job }: ServerOptions) => ({
  ...(engine === undefined ? {} : { engine }),
  ...(job === undefined ? {} : { job }),
});

async function runLoad(
  { out, paths, signal }: CommandContext,
  [adapter]: [string],
  options: z.output<typeof loadSchema>,
): Promise<number | undefined> {
  const { loadAdapterVersion } = await import('../../serving/adapters/change.ts');
  const { checkedVersion } = await import('../../serving/adapters/checked.ts');
  const onStatus = (text: string) => out.progress(text);
  const loaded = await loadAdapterVersion(paths, adapter, serverOf(options), { signal, onStatus });
  out.clearProgress();
  const { current } = loaded;
  const version =
    current && options.check
      ? await checkedVersion(paths, loaded.job, current.served, { signal, onStatus: (text) => out.progress(text) })
      : current;
  out.clearProgress();
  out.result({ ...loaded, current: version }, () => [
    `${loaded.adapter?.name} is now ${version?.served} on ${loaded.engine}, beside ${loaded.model}.`,
    ...loaded.unloaded.map((name) => `${name} was unloaded; a rollback loads it again.`),
    ...checkLines(version),
  ]);
  return options.strict && version?.effect?.state !== 'works' ? 1 : undefined;
}

/** What the checks found, for a person. */
function checkLines(version: AdapterVersion | null): string[] {
  const { effect, template } = version ?? {};
  return [
    effect?.state === 'nothing'
      ? 'IT DOES NOTHING: every token has the probability that the base gives it.'
      : effect?.state === 'unknown'
        ? `Whether it does anything could not be checked: ${effect.why}.`
        : '',
    template?.state === 'differs'
      ? `The server makes other tokens of a chat than the training did: ${template.why}.`
      : template?.state === 'unknown'
        ? `Whether the chat template is that of the training could not be checked: ${template.why}.`
        : '',
  ].filter(Boolean);
}

async function runUnload(
  { out, paths, signal }: CommandContext,
  [name]: [string],
  options: ServerOptions,
): Promise<undefined> {
  const { unloadAdapterVersions } = await import('../../serving/adapters/change.ts');
  const changed = await unloadAdapterVersions(paths, name, serverOf(options), { signal });
  const { adapter, current, unloaded } = changed;
  out.result(changed, () => [
    `Unloaded ${unloaded.join(', ')}.`,
    ...(adapter && current ? [`${adapter.name} is now ${current.served}.`] : []),
  ]);
}

async function runRollback(
  { out, paths, signal }: CommandContext,
  [name]: [string],
  options: z.output<typeof rollbackSchema>,
): Promise<undefined> {
  const { rollbackAdapter } = await import('../../serving/adapters/change.ts');
  const to = options.to ?? (options.forward ? 'forward' : 'back');
  const changed = await rollbackAdapter(paths, name, to, serverOf(options), { signal });
  const others = changed.adapter?.versions.filter(({ served }) => served !== changed.current?.served) ?? [];
  out.result(changed, () => [
    `${name} is now ${changed.current?.served}.`,
    ...(others.length > 0 ? [`Also there: ${others.map(({ served }) => served).join(', ')}.`] : []),
  ]);
}

async function runStart(
  context: CommandContext,
  [model, words]: [string, string[]],
  options: StartOptions,
): Promise<undefined> {
  const { planDeployment } = await import('../../serving/deploy.ts');
  const { untilServed } = await import('../../serving/llama.ts');
  const { out, paths, signal } = context;
  const { engine, adapter, context: contextTokens, kvGib, dryRun } = options;
  if (!dryRun) await needModels(context, [model], options.pull);
  const { parseFlags } = await import('../../serving/vllm/flags.ts');
  const work = planDeployment(paths, {
    model,
    adapters: adapter,
    vllm: vllmOptions(options, parseFlags(options.flag, words)),
    ...(options.servedName === undefined ? {} : { servedName: options.servedName }),
    dryRun,
    ...(engine === undefined ? {} : { engine }),
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...(kvGib === undefined ? {} : { kvCacheGiB: kvGib }),
    ...(options.launcher === 'local' ? {} : { launcher: options.launcher }),
  });
  if (dryRun) return showPlan(context, work, options.swap);
  const { startServer } = await import('../../serving/start.ts');
  let isThere = false;
  const job = await startServer(paths, work, {
    swap: options.swap,
    signal,
    onStatus: (text) => out.note(text),
    onStopped: ({ spec }) => out.note(`stopped ${spec.id}`),
    onThere: () => {
      isThere = true;
    },
  });
  const { id } = job.spec;
  if (options.wait) {
    await untilServed(paths, id, model, { signal, onStatus: (text) => out.progress(text) });
    out.clearProgress();
  }
  const { readJob } = await import('../../jobs/registry.ts');
  const { versionedName } = await import('../../serving/adapters/state.ts');
  const view = readJob(paths, id);
  out.result({ job: jobJson(view), served: names(work) }, () =>
    view.endpoint && options.wait
      ? [
          `${names(work).join(', ')} at ${view.endpoint.url}`,
          // Our names are for our commands and columns; whoever asks the server itself needs its own.
          ...work.adapters.map(({ name }) => `Other clients ask the server for ${versionedName(name, 1)}.`),
          `The key is in ${view.folder}/endpoint.json. Stop it: ragtui deploy stop ${work.model}`,
        ]
      : `${isThere ? `It is served already by ${id}` : `Started ${id}`}. Follow it: ragtui jobs logs -f ${id}`,
  );
}

const names = ({ model, adapters, engine }: ServeWork): string[] =>
  engine === 'onnx' ? [model, `${model}:query`, `${model}:plain`] : [model, ...adapters.map(({ name }) => name)];

/** Exactly what would run. The key is made at the start and never part of a command line. */
async function showPlan({ out, paths }: CommandContext, work: ServeWork, swap?: string): Promise<undefined> {
  const { sizedPlan } = await import('../../serving/start-plan.ts');
  const { plannedCommand } = await import('../../serving/vllm/plan.ts');
  const { leavingServers } = await import('../../serving/start.ts');
  const { modelStatus } = await import('../../models/store.ts');
  const { servers } = await leavingServers(paths, swap);
  const isHere = modelStatus(paths, work.model).state === 'present';
  const far = work.launcher === undefined ? undefined : await farMachine(paths, work.launcher);
  const plan = isHere ? await sizedPlan(paths, work, swap) : null;
  const command = work.engine === 'vllm' ? plannedCommand(paths, work, far) : null;
  const memory = plan && { device: plan.device, parts: plan.parts, freeBytes: plan.freeBytes };
  const gpus = plan?.gpus ?? null;
  const host = plan?.host ?? null;
  const stops = servers.map(({ job }) => job);
  out.result({ work, command, memory, gpus, host, stops }, () => [
    command ??
      `Would serve ${names(work).join(', ')} on the embedded server, with ${work.contextTokens} tokens of context.`,
    ...servers.map(({ job, model }) => `Would stop ${model} (${job}) first.`),
    ...(plan?.gpus && plan.gpus.wanted > plan.gpus.here
      ? [
          `It would be refused: it wants ${plan.gpus.wanted} GPUs; ${plan.host?.name ?? 'this machine'} shows ${plan.gpus.here}.`,
        ]
      : []),
    ...(far ? [`On ${hostOf(work.launcher ?? '')}; weights and adapters are sent there.`] : []),
    plan ? memoryLine(plan) : `What it takes is known once ${work.model} is pulled.`,
  ]);
}

/** The Python of vLLM there. Errors: `unavailable`, `network`. */
async function farMachine(paths: CommandContext['paths'], launcher: string) {
  const { farEngine } = await import('../../hosts/engines.ts');
  const { knownHost } = await import('../../hosts/store.ts');
  const host = knownHost(paths, hostOf(launcher));
  const { python, device } = await farEngine(host, 'vllm');
  return { python, device, hasBfloat16: host.facts.bfloat16 };
}

/** `Takes about 940 MB of memory (weights 94 MB, context 546 MB, process 300 MB); 3100 MB are free.` */
function memoryLine({ device, parts, freeBytes, host }: StartPlan): string {
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1024 ** 2)} MB`;
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const each = parts.map(({ what, bytes }) => `${what} ${megabytes(bytes)}`).join(', ');
  const free = host
    ? `${host.name} has ${host.totalBytes === null ? 'an unknown amount' : megabytes(host.totalBytes)} in all, what is free there is not asked`
    : freeBytes === null
      ? 'what is free is not known'
      : `${megabytes(freeBytes)} can be had`;
  return `Takes ${device === 'gpu' ? 'at least' : 'about'} ${megabytes(total)} of ${device === 'gpu' ? 'a GPU' : 'memory'} (${each}); ${free}.`;
}

async function runList({ out, paths }: CommandContext): Promise<undefined> {
  const { listServers } = await import('../../serving/servers.ts');
  const { curlLine } = await import('../../serving/curl-line.ts');
  const { jobFiles } = await import('../../jobs/folder.ts');
  const servers = listServers(paths);
  const deployments = servers.map(({ job, work, adapters, asleep }) => ({
    job: job.spec.id,
    engine: work.engine,
    state: job.state,
    asleep,
    phase: job.progress?.phase ?? '',
    reason: job.reason,
    secondsLeft: job.progress?.secondsLeft ?? null,
    model: work.model,
    adapters: adapters.map(({ name }) => name),
    versions: adapters,
    url: job.endpoint?.url ?? null,
    host: work.launcher === undefined ? null : hostOf(work.launcher),
    startedAt: job.startedAt,
    contextTokens: work.contextTokens,
    curl: job.endpoint
      ? curlLine({
          url: job.endpoint.url,
          kind: work.runner === 'pooling' ? 'embedding' : 'chat',
          model: work.servedName ?? work.model,
          keyFile: jobFiles(job.folder).endpoint,
        })
      : null,
  }));
  out.result({ deployments }, () =>
    deployments.length === 0
      ? 'Nothing is served.'
      : table(
          ['MODEL', 'ADAPTERS', 'ENGINE', 'STATE', 'ADDRESS', 'JOB'],
          deployments.map((one) => [
            one.model,
            one.versions.map(shownAdapter).join(', ') || '-',
            one.engine,
            shownState(one),
            `${one.url ?? '-'}${one.host === null ? '' : ` (on ${one.host})`}`,
            one.job,
          ]),
        ),
  );
}

/** `starting: loading weights, about 40 s left`, `running: has not answered since …`. */
function shownState({ state, phase, reason, secondsLeft, asleep }: ShownState): string {
  if (asleep) return 'asleep';
  if (state === 'running') return reason ? `running: ${reason}` : state;
  const left = secondsLeft === null || secondsLeft < 1 ? '' : `, about ${Math.round(secondsLeft)} s left`;
  return phase ? `${state}: ${phase}${left}` : state;
}
interface ShownState {
  readonly state: string;
  readonly asleep: boolean;
  readonly phase: string;
  readonly reason: string;
  readonly secondsLeft: number | null;
}

/** `sft (v2 of 3)`, and what is wrong with it. */
function shownAdapter({ name, current, versions }: DeployedAdapter): string {
  const now = versions.find(({ version }) => version === current);
  const which = versions.length > 1 ? ` (v${current} of ${versions.length})` : '';
  return `${name}${which}${now?.effect?.state === 'nothing' ? ' DOES NOTHING' : ''}`;
}

async function runStop(
  { out, paths }: CommandContext,
  [name]: [string],
  { engine, now }: z.output<typeof stopSchema>,
): Promise<undefined> {
  const { stopServers } = await import('../../serving/llama.ts');
  const { RagtuiError } = await import('../../platform/errors.ts');
  const words = { ask: 'asked it to stop', terminate: 'sent TERM', kill: 'sent KILL' };
  const stopped = await stopServers(paths, name, {
    now,
    ...(engine === undefined ? {} : { engine }),
    onStep: ({ step, graceSeconds }) => out.note(`${words[step]}; waiting up to ${graceSeconds} s`),
  });
  if (stopped.length === 0)
    throw new RagtuiError('not-found', `Nothing is served as "${name}".`, 'See `ragtui deploy list`.');
  out.result({ stopped: stopped.map(jobJson) }, () => stopped.map((job) => `${job.spec.id} ${job.state}`));
}
