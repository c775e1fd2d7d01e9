import type { Command } from 'commander';
import { z } from 'zod';
import { engineDeviceSchema, engineNameSchema } from '../../engines/types.ts';
import { deviceOfHost, farPathSchema, type Host, type HostFacts, hostOf } from '../../hosts/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';
import { installToEnd } from '../job-to-end.ts';
import { megabytes, table } from '../output.ts';
import {
  addSlurmOptions,
  batchScriptOptions,
  showBatchScript,
  slurmLines,
  slurmOptionFields,
  slurmSettingsOf,
} from './hosts-slurm.ts';

const one = z.tuple([z.string()]);
const noOptions = z.object({});
const addOptions = z.object({
  folder: farPathSchema.optional(),
  engines: farPathSchema.optional(),
  ...slurmOptionFields,
});
const yes = z.object({ yes: z.boolean().default(false) });
const prepareOptions = z.object({
  engine: engineNameSchema.default('llamafactory'),
  device: engineDeviceSchema.optional(),
  detach: z.boolean().default(false),
  yes: z.boolean().default(false),
});

/** `ragtui hosts list|add|check|prepare|batch-script|drain|undrain|clean|remove`. */
export function addHosts(program: Command, invocation: Invocation): void {
  const hosts = program.command('hosts').description('other machines that jobs run on, by the ssh you have set up');
  const command = (name: string, description: string) => hosts.command(name).description(description);
  handle(
    command('list', 'the hosts and what is known of them'),
    invocation,
    { args: z.tuple([]), options: noOptions },
    list,
  );
  const adding = command('add', 'add a host that `ssh HOST` knows, or change what is kept of it, and look at it')
    .argument('<host>')
    .option('--folder <dir>', 'where our files go there (default: ~/.ragtui-host)')
    .option('--engines <dir>', 'a folder there with engines that are installed already');
  handle(addSlurmOptions(adding), invocation, { args: one, options: addOptions }, add);
  handle(
    command('check', 'look at a host: system, disk, GPUs, Python, engines, load').argument('<host>'),
    invocation,
    { args: one, options: noOptions },
    check,
  );
  handle(
    command('prepare', 'make an environment for an engine on a host, from its lock file, as a job')
      .argument('<host>')
      .option('--engine <name>', 'llamafactory, flagembedding or vllm (default: llamafactory)')
      .option('--device <device>', 'cpu or cuda (default: what the host has)')
      .option('--detach', 'start it and do not wait')
      .option('--yes', 'do not ask'),
    invocation,
    { args: one, options: prepareOptions },
    prepare,
  );
  handle(
    command('batch-script', 'the batch script that a Slurm job on a host runs, and what sbatch is given')
      .argument('<host>')
      .option('--write', 'put the template into the config folder, to be changed there'),
    invocation,
    { args: one, options: batchScriptOptions },
    showBatchScript,
  );
  handle(
    command('clean', 'end what runs on a host and delete all that is ours there')
      .argument('<host>')
      .option('--yes', 'do not ask'),
    invocation,
    { args: one, options: yes },
    clean,
  );
  handle(
    command('drain', 'let a host take no new jobs; what runs there goes on').argument('<host>'),
    invocation,
    { args: one, options: noOptions },
    (context, [name]) => drain(context, name, true),
  );
  handle(
    command('undrain', 'let a host take jobs again').argument('<host>'),
    invocation,
    { args: one, options: noOptions },
    (context, [name]) => drain(context, name, false),
  );
  handle(
    command('remove', 'forget a host; what lies there stays').argument('<host>'),
    invocation,
    { args: one, options: noOptions },
    remove,
  );
}

async function list({ out, paths }: CommandContext): Promise<undefined> {
  const { listHosts } = await import('../../hosts/store.ts');
  const hosts = listHosts(paths);
  out.result({ hosts }, () =>
    hosts.length === 0
      ? 'No hosts. Add one that `ssh HOST` knows: ragtui hosts add HOST'
      : table(
          ['HOST', 'CHECKED', 'JOBS', 'SYSTEM', 'CORES', 'MEMORY', 'FREE', 'GPUS', 'PYTHON'],
          hosts.map(({ name, facts, drainedAt }) => [
            name,
            facts ? facts.checkedAt.slice(0, 16).replace('T', ' ') : 'never',
            drainedAt === undefined ? 'taken' : 'drained',
            facts ? `${facts.os} ${facts.arch}` : '',
            facts ? String(facts.cores) : '',
            megabytesOf(facts?.memoryMb),
            megabytesOf(facts?.diskFreeMb),
            facts ? gpuText(facts) : '',
            facts?.python?.version ?? '',
          ]),
        ),
  );
}

const megabytesOf = (mb: number | null | undefined): string =>
  mb === null || mb === undefined ? '' : megabytes(mb * 1024 ** 2);

function gpuText({ gpus }: HostFacts): string {
  const [first] = gpus;
  return first
    ? `${gpus.length} × ${first.name} ${first.memoryMb > 0 ? `${Math.round(first.memoryMb / 1024)} GB` : ''}`.trim()
    : 'none';
}

async function add(
  context: CommandContext,
  [name]: [string],
  options: z.output<typeof addOptions>,
): Promise<undefined> {
  const { findHost, hostName } = await import('../../hosts/store.ts');
  const before = findHost(context.paths, name);
  const { folder = before?.folder ?? '~/.ragtui-host', engines = before?.engines } = options;
  const addedAt = before?.addedAt ?? new Date().toISOString();
  const slurm = slurmSettingsOf(options, before?.slurm);
  const host: Host = {
    name: hostName(name),
    folder,
    addedAt,
    facts: null,
    installed: folder === before?.folder && engines === before.engines ? before.installed : [],
    ...(engines === undefined ? {} : { engines }),
    ...(slurm === undefined ? {} : { slurm }),
  };
  await look(context, host, 'add');
}

async function check(context: CommandContext, [name]: [string]): Promise<undefined> {
  const { findHost, hostName } = await import('../../hosts/store.ts');
  const fresh: Host = {
    name: hostName(name),
    folder: '~/.ragtui-host',
    addedAt: new Date().toISOString(),
    facts: null,
    installed: [],
  };
  const kept = findHost(context.paths, name);
  await look(context, kept ?? fresh, kept ? 'learn' : 'add');
}

/** Asks a host about itself, keeps the answer with its time and says it. `add`: the host itself is kept as well. */
async function look({ out, paths, signal }: CommandContext, host: Host, how: 'add' | 'learn'): Promise<undefined> {
  const { askFacts } = await import('../../hosts/facts.ts');
  const { farEngines, findHost, keepHost, keepLearned } = await import('../../hosts/store.ts');
  const { lookForEngines } = await import('../../hosts/engines.ts');
  const { hostUsage } = await import('../../hosts/clean.ts');
  const { ensureWorkspace } = await import('../../platform/paths.ts');
  const facts = await askFacts(host, new Date(), signal);
  ensureWorkspace(paths);
  if (how === 'add') await keepHost(paths, { ...host, facts });
  // It may have been forgotten while it was asked.
  else await keepLearned(paths, host.name, { facts });
  const known = { ...host, ...findHost(paths, host.name), facts };
  const usage = facts.python ? await hostUsage(known, signal) : null;
  const engines = facts.python ? await lookForEngines(paths, known) : [];
  const problems = problemsOf(facts);
  out.result({ host: known, engines, usage, problems }, () => [
    `${host.name}: ${facts.os} (${facts.system} ${facts.arch}), ${facts.cores} cores, load ${facts.load ?? 'unknown'}`,
    `memory   ${megabytesOf(facts.memoryMb) || 'unknown'}`,
    `disk     ${megabytesOf(facts.diskFreeMb) || 'unknown'} free at ${facts.root}`,
    ...(facts.gpus.length === 0
      ? ['gpu      none']
      : facts.gpus.map((gpu) => `gpu      ${gpu.name}, ${gpu.memoryMb} MB, driver ${gpu.driver}`)),
    `python   ${
      Object.entries(facts.pythons)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ') || 'none'
    }`,
    `others   rsync ${facts.rsync ? 'yes' : 'no (tar is used)'}, uv ${facts.uv ?? 'no'}, node ${facts.node ?? 'no (not needed)'}`,
    ...slurmLines(paths, known),
    ...(engines.length === 0
      ? [`engines  none in ${farEngines(known)}`]
      : engines.map(
          (one) => `engine   ${one.name} ${Object.values(one.versions)[0] ?? ''} (${one.device}), ${one.python}`,
        )),
    ...(usage?.there
      ? [
          `ours     ${megabytes(Object.values(usage.bytes).reduce((sum, size) => sum + size, 0))}, ${usage.runs} runs, ${usage.live.length} going on`,
        ]
      : []),
    ...problems.map((problem) => `problem  ${problem}`),
  ]);
}

function problemsOf({ system, python, gpuProblem }: HostFacts): string[] {
  return [
    ...(system === 'Linux' ? [] : [`jobs need Linux there, and it is ${system}`]),
    ...(python ? [] : ['jobs need python3 (3.6 or later) on PATH there']),
    ...(gpuProblem === '' ? [] : [`nvidia-smi fails: ${gpuProblem}`]),
  ];
}

async function prepare(
  context: CommandContext,
  [name]: [string],
  options: z.output<typeof prepareOptions>,
): Promise<number> {
  const { out, paths } = context;
  const { ENGINES } = await import('../../engines/definitions.ts');
  const { farEngines, knownHost } = await import('../../hosts/store.ts');
  const { launchJob } = await import('../../jobs/launcher.ts');
  const host = knownHost(paths, name);
  const { title, diskBytes } = ENGINES[options.engine];
  const device = options.device ?? deviceOfHost(host);
  await confirm(
    context,
    options.yes,
    `Downloads ${title} for ${device} with all its packages from the package index that ${name} uses into ${farEngines(host)} there; it needs up to ${megabytes(diskBytes)}.`,
  );
  const free = (host.facts.diskFreeMb ?? Number.POSITIVE_INFINITY) * 1024 ** 2;
  if (free < diskBytes) out.note(`${name} had ${megabytes(free)} free when it was looked at: this may not fit.`);
  const job = await launchJob(paths, {
    kind: 'engine-install',
    engine: options.engine,
    device,
    launcher: `ssh:${name}`,
  });
  return installToEnd(context, job, options);
}

async function clean(context: CommandContext, [name]: [string], options: z.output<typeof yes>): Promise<undefined> {
  const { out, paths } = context;
  const { cleanHost, hostUsage } = await import('../../hosts/clean.ts');
  const { keepLearned, knownHost } = await import('../../hosts/store.ts');
  const host = knownHost(paths, name);
  const usage = await hostUsage(host);
  if (usage.there) {
    const size = megabytes(Object.values(usage.bytes).reduce((sum, bytes) => sum + bytes, 0));
    const running = usage.live.length > 0 ? ` Ends what runs there: ${usage.live.join(', ')}.` : '';
    await confirm(
      context,
      options.yes,
      `Deletes ${host.facts.root} on ${name} (${size}), checkpoints that were not brought here included.${running}`,
    );
    const { deleted } = await cleanHost(host, { stop: true });
    if (!deleted) throw new RagtuiError('busy', `${host.facts.root} on ${name} is still there.`, 'Run it again.');
  }
  // Its engines were in there, but for those in a folder of the user's own.
  if (host.engines === undefined) await keepLearned(paths, name, { installed: [] });
  out.result({ host: name, deleted: usage.there ? host.facts.root : null, ended: usage.live }, () =>
    usage.there ? `Deleted ${host.facts.root} on ${name}.` : `Nothing of ours lies on ${name}.`,
  );
}

async function drain({ out, paths }: CommandContext, name: string, drained: boolean): Promise<undefined> {
  const { drainHost } = await import('../../hosts/store.ts');
  const host = await drainHost(paths, name, drained);
  out.result({ host }, () =>
    drained ? `${name} takes no new jobs. What runs there goes on.` : `${name} takes jobs again.`,
  );
}

async function remove({ out, paths }: CommandContext, [name]: [string]): Promise<undefined> {
  const { forgetHost } = await import('../../hosts/store.ts');
  const { listJobs } = await import('../../jobs/registry.ts');
  const { isOver, launcherName } = await import('../../jobs/types.ts');
  const user = listJobs(paths).find(
    ({ spec, state, far }) => hostOf(launcherName(spec.work)) === name && (!isOver(state) || far?.open === true),
  );
  if (user) {
    throw new RagtuiError(
      'busy',
      `${user.spec.id} runs on ${name}, or may.`,
      `Stop it first: ragtui jobs stop ${user.spec.id}`,
    );
  }
  await forgetHost(paths, name);
  out.result(
    { removed: name },
    () => `Forgot ${name}. What lies there stays; "ragtui hosts clean" would have deleted it.`,
  );
}
