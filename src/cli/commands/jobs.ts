import type { Command } from 'commander';
import { z } from 'zod';
import { madeBy, tellsGone } from '../../jobs/artifacts.ts';
import type { Deletion } from '../../jobs/made.ts';
import {
  isOver,
  type JobEvent,
  type JobView,
  type JobWork,
  jobStateSchema,
  jobWorkSchema,
  launcherName,
} from '../../jobs/types.ts';
import { machineClock } from '../../platform/clock.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import type { ProcessTree } from '../../platform/telemetry/types.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { collect, handle, type Invocation } from '../define.ts';
import { EXIT } from '../exit-codes.ts';
import { followJob } from '../follow.ts';
import { withKb } from '../kb-client.ts';
import { clock, megabytes, table } from '../output.ts';
import { addJobsFetch } from './jobs-fetch.ts';
import { addJobsMetrics } from './jobs-metrics.ts';

const one = z.tuple([z.string()]);
const none = z.tuple([]);
const noOptions = z.object({});
const listOptions = z.object({
  state: z.array(jobStateSchema).default([]),
  tag: z.array(z.string()).default([]),
  kind: z.array(z.enum(jobWorkSchema.options.map(({ shape }) => shape.kind.value))).default([]),
});
const cloneOptions = z.object({
  set: z.array(z.string()).default([]),
  allowOversize: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});
const retryOptions = z.object({ nextRung: z.boolean().default(false), dryRun: z.boolean().default(false) });
const logOptions = z.object({
  follow: z.boolean().default(false),
  stdout: z.boolean().default(false),
  stderr: z.boolean().default(false),
});

/** `ragtui jobs list|show|logs|metrics|stop|start-now|resume|retry|clone|note|tag|delete`. */
export function addJobs(program: Command, invocation: Invocation): void {
  const jobs = program.command('jobs').description('work that goes on by itself: ingests, servers, downloads');

  handle(
    jobs
      .command('list')
      .description('all jobs, newest first')
      .option('--state <state>', `only these: ${jobStateSchema.options.join(', ')}; repeatable`, collect)
      .option('--tag <tag>', 'only those that have it; repeatable: all of them', collect)
      .option('--kind <kind>', 'only these: ingest, serve, train-llm …; repeatable', collect),
    invocation,
    { args: none, options: listOptions },
    list,
  );
  handle(
    jobs
      .command('show')
      .description('one job')
      .argument('<id>')
      .option('--ran', 'exactly what was run: spec, commands, configuration of its engine'),
    invocation,
    { args: one, options: z.object({ ran: z.boolean().default(false) }) },
    show,
  );
  handle(
    jobs
      .command('logs')
      .description('what a job said')
      .argument('<id>')
      .option('-f, --follow', 'go on until it ends')
      .option('--stdout', 'what its programs printed instead (the end of it)')
      .option('--stderr', 'what its programs printed as errors'),
    invocation,
    { args: one, options: logOptions },
    logs,
  );
  handle(
    jobs.command('stop').description('stop a job: ask, then TERM, then KILL').argument('<id>'),
    invocation,
    { args: one, options: noOptions },
    stop,
  );
  addJobsMetrics(jobs, invocation);
  addJobsFetch(jobs, invocation);
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
    jobs.command('note').description('keep a note on a job ("" takes it away)').argument('<id>').argument('<text>'),
    invocation,
    { args: z.tuple([z.string(), z.string()]), options: noOptions },
    note,
  );
  handle(
    jobs
      .command('tag')
      .description('add tags to a job or take them off: jobs tag ID +good -old')
      .argument('<id>')
      .argument('<changes...>', '+TAG or -TAG')
      // "-old" is no option.
      .allowUnknownOption(),
    invocation,
    { args: z.tuple([z.string(), z.array(z.string())]), options: noOptions },
    tag,
  );
  handle(
    jobs
      .command('delete')
      .description('delete a finished job with its logs')
      .argument('<id>')
      .option('--artifacts', 'and what it made: the adapter or model of a training, with its checkpoints')
      .option('--yes', 'do not ask'),
    invocation,
    { args: one, options: z.object({ yes: z.boolean().default(false), artifacts: z.boolean().default(false) }) },
    remove,
  );
}

/** `job` {id, kind, state, progress} as scripts may count on it (design §8). */
export function jobJson(view: JobView) {
  const { spec, state, reason, progress, error, startedAt, endedAt, seconds, heartbeat, pid, gpus, endpoint, folder } =
    view;
  return {
    id: spec.id,
    kind: spec.work.kind,
    name: spec.name,
    note: view.note,
    tags: view.tags,
    state,
    reason,
    progress,
    error,
    createdAt: spec.createdAt,
    startedAt,
    endedAt,
    seconds,
    heartbeat,
    pid,
    gpus,
    endpoint,
    launcher: launcherName(spec.work),
    far: view.far ?? null,
    folder,
  };
}

function progressText(view: JobView): string {
  const { progress } = view;
  if (!progress || isOver(view.state)) return '';
  // A phase that counts nothing says so by its name alone.
  if (progress.total === 0 && progress.done === 0) return progress.phase;
  const of = progress.total > 0 ? ` of ${progress.total}` : '';
  const left = progress.secondsLeft === null ? '' : `, ${clock(progress.secondsLeft)} left`;
  return `${progress.phase} ${progress.done}${of} ${progress.unit}${left}`;
}

async function list(
  { out, paths }: CommandContext,
  _: [],
  { state, kind, tag }: z.output<typeof listOptions>,
): Promise<undefined> {
  const { listJobs } = await import('../../jobs/registry.ts');
  const views = listJobs(paths).filter(
    (view) =>
      (state.length === 0 || state.includes(view.state)) &&
      (kind.length === 0 || kind.includes(view.spec.work.kind)) &&
      tag.every((one) => view.tags.includes(one)),
  );
  out.result({ jobs: views.map(jobJson) }, () =>
    views.length === 0
      ? state.length + kind.length + tag.length > 0
        ? 'No job is like that.'
        : 'No jobs yet.'
      : table(
          ['ID', 'STATE', 'NAME', 'TAGS', 'PROGRESS'],
          views.map((view) => [
            view.spec.id,
            view.state,
            view.spec.name,
            view.tags.join(' '),
            progressText(view) || view.reason,
          ]),
        ),
  );
}

async function show({ out, paths }: CommandContext, [id]: [string], { ran }: { ran: boolean }): Promise<undefined> {
  const { readJob } = await import('../../jobs/registry.ts');
  const view = readJob(paths, id);
  if (ran) {
    const { whatRan } = await import('../../jobs/ran.ts');
    const text = whatRan(view);
    out.result({ job: { id: view.spec.id, work: view.spec.work }, ran: text }, () => text.trimEnd());
    return;
  }
  const { readLastEvents } = await import('../../jobs/events.ts');
  const { usageOf } = await import('../../jobs/usage.ts');
  const usage = view.pid === null ? null : await usageOf(view.pid);
  const { events } = await readLastEvents(view.folder);
  const made = madeBy(events);
  const { readFailureFile } = await import('../../training/failures/file.ts');
  const failure = readFailureFile(view.folder) ?? null;
  const job = { ...jobJson(view), work: view.spec.work, usage, made, failure };
  const times = timeLines(view, await import('../../jobs/time.ts'));
  out.result({ job }, () => [
    `${view.spec.name}  (${job.id})`,
    `state     ${job.state}${job.reason ? `: ${job.reason}` : ''}`,
    ...(view.tags.length > 0 ? [`tags      ${view.tags.join(', ')}`] : []),
    ...(view.note ? [`note      ${view.note}`] : []),
    `created   ${job.createdAt}`,
    ...(job.startedAt ? [`started   ${job.startedAt}`] : []),
    ...(job.endedAt ? [`ended     ${job.endedAt}`] : []),
    ...times,
    ...(progressText(view) ? [`progress  ${progressText(view)}`] : []),
    ...(job.pid ? [`process   ${job.pid}${usage ? `: ${usageText(usage)}` : ''}`] : []),
    ...made.map(({ name, path }) => `made      ${name}${path ? ` (${path})` : ''}`),
    ...workLines(view.spec.work),
    ...(view.far ? [`host      ${view.far.host}, run ${view.far.run}${view.far.open ? '' : ' (over)'}`] : []),
    ...(job.gpus.length > 0 ? [`GPUs      ${job.gpus.join(', ')}`] : []),
    ...(job.endpoint ? [`answers   ${job.endpoint.url} (${job.endpoint.model})`] : []),
    ...(job.error ? [`error     ${job.error.message} ${job.error.hint}`] : []),
    ...(failure?.lines ?? []).map((line) => `          | ${line}`),
    `folder    ${job.folder}`,
  ]);
}

/** How long it took or takes, and since when it has said nothing. */
function timeLines(view: JobView, { secondsOf, signsOfLife }: typeof import('../../jobs/time.ts')): string[] {
  const uptime = machineClock.uptime();
  const seconds = secondsOf(view, { now: machineClock.now().getTime(), uptime });
  const signs = signsOfLife(view, uptime);
  return [
    ...(seconds === null ? [] : [`${isOver(view.state) ? 'took      ' : 'runs for  '}${clock(seconds)}`]),
    ...(signs ? [`alive     ${ago(signs.beat)}; its last word ${ago(signs.word)}`] : []),
  ];
}

const ago = (seconds: number): string => `${Math.round(seconds)} s ago`;

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
      return `${time} ${tellsGone(event) ? 'removed' : 'made'} ${event.name}${event.path ? ` (${event.path})` : ''}`;
    default:
      return undefined;
  }
}

async function logs(context: CommandContext, [id]: [string], options: z.output<typeof logOptions>): Promise<number> {
  const { out, paths, signal } = context;
  const { readJob } = await import('../../jobs/registry.ts');
  const { readEvents } = await import('../../jobs/events.ts');
  if (options.stdout || options.stderr) return output(context, id, options);
  const print = (event: JobEvent) => {
    if (out.json) return out.jsonLine(event);
    const line = eventLine(event);
    if (line) out.result(event, () => line);
  };
  if (options.follow) {
    await followJob(paths, id, { signal, onEvent: print });
    return signal.aborted ? EXIT.interrupted : EXIT.done;
  }
  await readEvents(readJob(paths, id).folder, print);
  return EXIT.done;
}

/** The end of what a job's programs printed; with `--follow` until the job is over. */
async function output(
  { out, paths, signal }: CommandContext,
  id: string,
  { follow, stderr }: z.output<typeof logOptions>,
): Promise<number> {
  const { readJob } = await import('../../jobs/registry.ts');
  const { localLauncher } = await import('../../jobs/launchers/local.ts');
  const { spec } = readJob(paths, id);
  const onLines = (lines: readonly string[]) => {
    for (const line of lines) {
      const text = sanitizeLine(line);
      if (out.json) out.jsonLine({ text });
      else out.result({ text }, () => text);
    }
  };
  await localLauncher(paths).output(spec.id, stderr ? 'stderr' : 'stdout', {
    signal,
    isOver: () => !follow || isOver(readJob(paths, id).state),
    onLines,
  });
  return signal.aborted ? EXIT.interrupted : EXIT.done;
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
  const { readyWork } = await import('../../jobs/ready.ts');
  const { spec } = readJob(paths, id);
  const options = { named: 'name' in changes, oversize: oversize || dryRun };
  const work = readyWork(paths, changedWork(spec.work, changes), options);
  if (dryRun) return wouldStart(out, work);
  const { launchJob } = await import('../../jobs/launcher.ts');
  return again(context, id, () => launchJob(paths, work));
}

function wouldStart(out: CommandContext['out'], work: JobWork): undefined {
  out.result({ work }, () => [`Would start a job of kind ${work.kind}:`, ...workLines(work)]);
}

async function note({ out, paths }: CommandContext, [id, text]: [string, string]): Promise<undefined> {
  const { noteJob } = await import('../../jobs/control.ts');
  const view = noteJob(paths, id, text);
  out.result({ job: jobJson(view) }, () => (view.note ? `Noted on ${id}.` : `${id} has no note now.`));
}

async function tag({ out, paths }: CommandContext, [id, changes]: [string, string[]]): Promise<undefined> {
  const { tagJob } = await import('../../jobs/control.ts');
  const view = tagJob(paths, id, changes);
  out.result({ job: jobJson(view) }, () =>
    view.tags.length > 0 ? `${id} is tagged ${view.tags.join(', ')}.` : `${id} has no tags now.`,
  );
}

async function remove(
  context: CommandContext,
  [id]: [string],
  { yes, artifacts }: { yes: boolean; artifacts: boolean },
): Promise<undefined> {
  const { out, paths } = context;
  const { deleteJob, isJob } = await import('../../jobs/registry.ts');
  const { assertUnused, deleteWithMade, planDeletion } = await import('../../jobs/made.ts');
  if (!isJob(paths, id)) {
    await confirm(context, yes, `Deletes the folder of job ${id}, whose spec cannot be read.`);
    deleteJob(paths, id);
    out.result({ deleted: id }, () => `Deleted ${id}.`);
    return;
  }
  const bases = artifacts ? await withKb(context, (kb) => kb.call('kb.list', {})) : [];
  const plan = await planDeletion(paths, id, bases);
  if (artifacts) assertUnused(plan);
  await confirm(context, yes, deletionText(plan, artifacts));
  if (artifacts) await deleteWithMade(paths, id, bases);
  else deleteJob(paths, id);
  out.result({ deleted: id, plan, artifacts }, () => [
    `Deleted ${id}${artifacts && plan.made ? ` and ${plan.made.name}` : ''}.`,
    ...(artifacts && plan.stays ? [plan.stays] : []),
  ]);
}

function deletionText({ job, logs, made, stays }: Deletion, artifacts: boolean): string {
  const logText = `Deletes job ${job} with its logs (${megabytes(logs.bytes)})`;
  if (!made) return `${logText}.${artifacts && stays ? ` ${stays}.` : ''}`;
  const what = `${made.name} (${megabytes(made.bytes)} in ${made.folder})`;
  if (!artifacts) return `${logText}. What it made stays: ${what}; --artifacts deletes it too.`;
  const also = made.alsoBy.length > 0 ? `, which ${made.alsoBy.join(', ')} worked on too` : '';
  return `${logText} and what it made: ${what}${also}.`;
}
