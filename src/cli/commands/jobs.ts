import type { Command } from 'commander';
import { z } from 'zod';
import { isOver, type JobEvent, type JobView, type JobWork, jobStateSchema, jobWorkSchema } from '../../jobs/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { ProcessTree } from '../../platform/telemetry/types.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { collect, handle, type Invocation } from '../define.ts';
import { EXIT } from '../exit-codes.ts';
import { followJob } from '../follow.ts';
import { clock, megabytes, table } from '../output.ts';
import { addJobsMetrics } from './jobs-metrics.ts';

const one = z.tuple([z.string()]);
const none = z.tuple([]);
const noOptions = z.object({});
const listOptions = z.object({
  state: z.array(jobStateSchema).default([]),
  kind: z.array(z.enum(jobWorkSchema.options.map(({ shape }) => shape.kind.value))).default([]),
});
const cloneOptions = z.object({
  set: z.array(z.string()).default([]),
  allowOversize: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});
const retryOptions = z.object({ nextRung: z.boolean().default(false), dryRun: z.boolean().default(false) });

/** `ragtui jobs list|show|logs|metrics|stop|start-now|resume|retry|clone|delete`. */
export function addJobs(program: Command, invocation: Invocation): void {
  const jobs = program.command('jobs').description('work that goes on by itself: ingests, servers, downloads');

  handle(
    jobs
      .command('list')
      .description('all jobs, newest first')
      .option('--state <state>', `only these: ${jobStateSchema.options.join(', ')}; repeatable`, collect)
      .option('--kind <kind>', 'only these: ingest, serve, train-llm …; repeatable', collect),
    invocation,
    { args: none, options: listOptions },
    list,
  );
  handle(
    jobs.command('show').description('one job').argument('<id>'),
    invocation,
    { args: one, options: noOptions },
    show,
  );
  handle(
    jobs.command('logs').description('what a job said').argument('<id>').option('-f, --follow', 'go on until it ends'),
    invocation,
    { args: one, options: z.object({ follow: z.boolean().default(false) }) },
    logs,
  );
  handle(
    jobs.command('stop').description('stop a job: ask, then TERM, then KILL').argument('<id>'),
    invocation,
    { args: one, options: noOptions },
    stop,
  );
  addJobsMetrics(jobs, invocation);
  const plain = { args: one, options: noOptions };
  handle(
    jobs
      .command('start-now')
      .description('start a job that waits for a GPU or its turn, beside the one that has it')
      .argument('<id>'),
    invocation,
    plain,
    beginNow,
  );
  handle(
    jobs.command('resume').description('go on with a job that ended early (as a new job)').argument('<id>'),
    invocation,
    plain,
    resume,
  );
  handle(
    jobs
      .command('retry')
      .description('do the same work again (as a new job)')
      .argument('<id>')
      .option('--next-rung', 'of a training that ran out of memory: with the next change that needs less')
      .option('--dry-run', 'show what would run, start nothing'),
    invocation,
    { args: one, options: retryOptions },
    retry,
  );
  handle(
    jobs
      .command('clone')
      .description('start a job like another one, with changes')
      .argument('<id>')
      .option(
        '--set <key=value>',
        "a change: a key of its work or, of a training, of the engine's; repeatable",
        collect,
      )
      .option('--allow-oversize', 'also a training that needs more memory or disk than there is, by the forecast')
      .option('--dry-run', 'show what would run, start nothing'),
    invocation,
    { args: one, options: cloneOptions },
    clone,
  );
  handle(
    jobs
      .command('delete')
      .description('delete a finished job with its logs')
      .argument('<id>')
      .option('--yes', 'do not ask'),
    invocation,
    { args: one, options: z.object({ yes: z.boolean().default(false) }) },
    remove,
  );
}

/** `job` {id, kind, state, progress} as scripts may count on it (design §8). */
export function jobJson(view: JobView) {
  const { spec, state, reason, progress, error, startedAt, endedAt, pid, gpus, endpoint, folder } = view;
  return {
    id: spec.id,
    kind: spec.work.kind,
    name: spec.name,
    state,
    reason,
    progress,
    error,
    createdAt: spec.createdAt,
    startedAt,
    endedAt,
    pid,
    gpus,
    endpoint,
    folder,
  };
}

function progressText(view: JobView): string {
  const { progress } = view;
  if (!progress || isOver(view.state)) return '';
  const of = progress.total > 0 ? ` of ${progress.total}` : '';
  const left = progress.secondsLeft === null ? '' : `, ${clock(progress.secondsLeft)} left`;
  return `${progress.phase} ${progress.done}${of} ${progress.unit}${left}`;
}

async function list(
  { out, paths }: CommandContext,
  _: [],
  { state, kind }: z.output<typeof listOptions>,
): Promise<undefined> {
  const { listJobs } = await import('../../jobs/registry.ts');
  const views = listJobs(paths).filter(
    (view) =>
      (state.length === 0 || state.includes(view.state)) && (kind.length === 0 || kind.includes(view.spec.work.kind)),
  );
  out.result({ jobs: views.map(jobJson) }, () =>
    views.length === 0
      ? state.length + kind.length > 0
        ? 'No job is like that.'
        : 'No jobs yet.'
      : table(
          ['ID', 'STATE', 'NAME', 'PROGRESS'],
          views.map((view) => [view.spec.id, view.state, view.spec.name, progressText(view) || view.reason]),
        ),
  );
}

async function show({ out, paths }: CommandContext, [id]: [string]): Promise<undefined> {
  const { readJob } = await import('../../jobs/registry.ts');
  const view = readJob(paths, id);
  const { readLastEvents } = await import('../../jobs/events.ts');
  const { usageOf } = await import('../../jobs/usage.ts');
  const usage = view.pid === null ? null : await usageOf(view.pid);
  const { events } = await readLastEvents(view.folder);
  const made = events.flatMap((event) => (event.type === 'artifact' ? { name: event.name, path: event.path } : []));
  const { readFailureFile } = await import('../../training/failures/file.ts');
  const failure = readFailureFile(view.folder) ?? null;
  const job = { ...jobJson(view), work: view.spec.work, usage, made, failure };
  out.result({ job }, () => [
    `${view.spec.name}  (${job.id})`,
    `state     ${job.state}${job.reason ? `: ${job.reason}` : ''}`,
    `created   ${job.createdAt}`,
    ...(job.startedAt ? [`started   ${job.startedAt}`] : []),
    ...(job.endedAt ? [`ended     ${job.endedAt}`] : []),
    ...(tookSeconds(view) === null ? [] : [`took      ${clock(tookSeconds(view) ?? 0)}`]),
    ...(progressText(view) ? [`progress  ${progressText(view)}`] : []),
    ...(job.pid ? [`process   ${job.pid}${usage ? `: ${usageText(usage)}` : ''}`] : []),
    ...made.map(({ name, path }) => `made      ${name}${path ? ` (${path})` : ''}`),
    ...workLines(view.spec.work),
    ...(job.gpus.length > 0 ? [`GPUs      ${job.gpus.join(', ')}`] : []),
    ...(job.endpoint ? [`answers   ${job.endpoint.url} (${job.endpoint.model})`] : []),
    ...(job.error ? [`error     ${job.error.message} ${job.error.hint}`] : []),
    ...(failure?.lines ?? []).map((line) => `          | ${line}`),
    `folder    ${job.folder}`,
  ]);
}

/** From its first to its last state; null while it runs, or where the clock was set back in between. */
function tookSeconds({ startedAt, endedAt }: JobView): number | null {
  if (startedAt === null || endedAt === null) return null;
  const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
  return seconds >= 0 ? seconds : null;
}

function usageText({ processes, memory, cores }: ProcessTree): string {
  const busy = cores === null ? '' : `, ${cores.toFixed(1)} cores busy`;
  return `${processes} ${processes === 1 ? 'process' : 'processes'}, ${megabytes(memory)} resident${busy}`;
}

/** What it was asked to do, a key a line: what `jobs clone --set` may change. */
const workLines = (work: JobWork): string[] =>
  Object.entries(work)
    .filter(([key]) => key !== 'kind')
    .map(([key, value]) => `  ${key} = ${typeof value === 'string' ? value : JSON.stringify(value)}`);

/** One event as a line; progress is left out of logs that are read afterwards. */
export function eventLine(event: JobEvent): string | undefined {
  const time = event.time.slice(11, 19);
  switch (event.type) {
    case 'state':
      return `${time} ${event.state}${event.reason ? `: ${event.reason}` : ''}`;
    case 'log':
      return `${time} ${event.level === 'info' ? '' : `${event.level}: `}${event.text}`;
    case 'error':
      return `${time} error: ${event.message} ${event.hint}`.trimEnd();
    case 'artifact':
      return `${time} made ${event.name}${event.path ? ` (${event.path})` : ''}`;
    default:
      return undefined;
  }
}

async function logs(context: CommandContext, [id]: [string], options: { follow: boolean }): Promise<number> {
  const { out, paths, signal } = context;
  const { readJob } = await import('../../jobs/registry.ts');
  const { readLastEvents } = await import('../../jobs/events.ts');
  const print = (event: JobEvent) => {
    if (out.json) return out.jsonLine(event);
    const line = eventLine(event);
    if (line) out.result(event, () => line);
  };
  if (options.follow) {
    await followJob(paths, id, { signal, onEvent: print });
    return signal.aborted ? EXIT.interrupted : EXIT.done;
  }
  const { events } = await readLastEvents(readJob(paths, id).folder, Number.MAX_SAFE_INTEGER);
  for (const event of events) print(event);
  return EXIT.done;
}

async function stop({ out, paths }: CommandContext, [id]: [string]): Promise<number> {
  const { stopJob } = await import('../../jobs/control.ts');
  const words = { ask: 'asked it to stop', terminate: 'sent TERM', kill: 'sent KILL' };
  const view = await stopJob(paths, id, {
    onStep: ({ step, graceSeconds }) => out.note(`${words[step]}; waiting up to ${graceSeconds} s`),
  });
  out.result({ job: jobJson(view) }, () => `${view.spec.id} ${view.state}`);
  return isOver(view.state) ? EXIT.done : EXIT.failed;
}

async function beginNow({ out, paths }: CommandContext, [id]: [string]): Promise<undefined> {
  const { startNow } = await import('../../jobs/control.ts');
  const view = startNow(paths, id);
  out.result({ job: jobJson(view) }, () => `${id} starts now.`);
}

async function again(
  context: CommandContext,
  id: string,
  begin: (paths: CommandContext['paths'], id: string) => Promise<JobView>,
): Promise<undefined> {
  const view = await begin(context.paths, id);
  const follow = `Follow it: ragtui jobs logs -f ${view.spec.id}`;
  context.out.result({ job: jobJson(view) }, () => `Started ${view.spec.id}. ${follow}`);
}

async function resume(context: CommandContext, [id]: [string]): Promise<undefined> {
  const { resumeJob } = await import('../../jobs/control.ts');
  return again(context, id, resumeJob);
}

async function retry(
  context: CommandContext,
  [id]: [string],
  { nextRung, dryRun }: z.output<typeof retryOptions>,
): Promise<undefined> {
  const { out, paths, signal } = context;
  const { readJob } = await import('../../jobs/registry.ts');
  const { work } = readJob(paths, id).spec;
  if (!nextRung) {
    if (dryRun) return wouldStart(out, work);
    const { retryJob } = await import('../../jobs/control.ts');
    return again(context, id, retryJob);
  }
  const { isTrainingWork } = await import('../../training/forecast/final-settings.ts');
  const { nextRungOf } = await import('../../training/forecast/next-rung.ts');
  const { rungText } = await import('../../training/forecast/rung-text.ts');
  if (!isTrainingWork(work)) {
    throw new RagtuiError('usage', `${id} is no training.`, 'Leave out --next-rung.');
  }
  const rung = await nextRungOf(paths, work, signal);
  if (!rung) {
    throw new RagtuiError('unavailable', 'Nothing is left to change that needs less memory.', 'Take a smaller base.');
  }
  out.note(`Next rung: ${rungText(rung)}`);
  return startChanged(context, { id, changes: rung.changes, dryRun, oversize: true });
}

async function clone(
  context: CommandContext,
  [id]: [string],
  { set, dryRun, allowOversize }: z.output<typeof cloneOptions>,
): Promise<undefined> {
  const { parseChanges } = await import('../../jobs/clone.ts');
  return startChanged(context, { id, changes: parseChanges(set), dryRun, oversize: allowOversize });
}

interface ChangedStart {
  readonly id: string;
  readonly changes: Readonly<Record<string, string | number | boolean>>;
  readonly dryRun: boolean;
  readonly oversize: boolean;
}

/** Starts a job like `id` with changes, or says what it would be. */
async function startChanged(
  context: CommandContext,
  { id, changes, dryRun, oversize }: ChangedStart,
): Promise<undefined> {
  const { out, paths } = context;
  const { readJob } = await import('../../jobs/registry.ts');
  const { changedWork } = await import('../../jobs/clone.ts');
  const { spec } = readJob(paths, id);
  const work = await readyToTrain(paths, changedWork(spec.work, changes), 'name' in changes, oversize || dryRun);
  if (dryRun) return wouldStart(out, work);
  const { launchJob } = await import('../../jobs/launcher.ts');
  return again(context, id, () => launchJob(paths, work));
}

function wouldStart(out: CommandContext['out'], work: JobWork): undefined {
  out.result({ work }, () => [`Would start a job of kind ${work.kind}:`, ...workLines(work)]);
}

/** A training gets a free name, since its folder is its own, and is planned: what cannot run is refused here, not in the job. */
async function readyToTrain(
  paths: CommandContext['paths'],
  work: JobWork,
  named: boolean,
  oversize: boolean,
): Promise<JobWork> {
  if (work.kind !== 'train-llm' && work.kind !== 'train-embedder') return work;
  const { existsSync } = await import('node:fs');
  const { nextName } = await import('../../jobs/clone.ts');
  const { tunedFolder } = await import('../../training/tuned.ts');
  const taken = (name: string) => existsSync(tunedFolder(paths, name).root);
  const ready = named ? work : { ...work, name: nextName(work.name, taken) };
  const { forecast } =
    ready.kind === 'train-llm'
      ? (await import('../../training/llm-plan.ts')).planLlm(paths, ready)
      : (await import('../../training/embedder-plan.ts')).planEmbedder(paths, ready);
  const { refuseHopeless } = await import('../../training/forecast/refusal.ts');
  refuseHopeless(forecast, { oversize });
  return ready;
}

async function remove(context: CommandContext, [id]: [string], options: { yes: boolean }): Promise<undefined> {
  const { deleteJob, readJob } = await import('../../jobs/registry.ts');
  readJob(context.paths, id);
  await confirm(context, options.yes, `Deletes job ${id} with its logs.`);
  deleteJob(context.paths, id);
  context.out.result({ deleted: id }, () => `Deleted ${id}.`);
}
