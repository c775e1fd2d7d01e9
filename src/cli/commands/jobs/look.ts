import { z } from 'zod';
import { madeBy } from '../../../jobs/artifacts.ts';
import { isOver, type JobEvent, type JobView, jobStateSchema, jobWorkSchema } from '../../../jobs/types.ts';
import { machineClock } from '../../../platform/clock.ts';
import { sanitizeLine } from '../../../platform/sanitize.ts';
import type { ProcessTree } from '../../../platform/telemetry/types.ts';
import type { CommandContext } from '../../context.ts';
import { EXIT } from '../../exit-codes.ts';
import { followJob } from '../../follow.ts';
import { eventLine, jobJson, progressText, workLines } from '../../job-text.ts';
import { clock, megabytes, table } from '../../output.ts';

export const listOptions = z.object({
  state: z.array(jobStateSchema).default([]),
  tag: z.array(z.string()).default([]),
  kind: z.array(z.enum(jobWorkSchema.options.map(({ shape }) => shape.kind.value))).default([]),
});
export const logOptions = z.object({
  follow: z.boolean().default(false),
  stdout: z.boolean().default(false),
  stderr: z.boolean().default(false),
});

/** `jobs list`. */
export async function list(
  { out, paths }: CommandContext,
  _: [],
  { state, kind, tag }: z.output<typeof listOptions>,
): Promise<undefined> {
  const { listJobs } = await import('../../../jobs/registry.ts');
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

/** `jobs show`. */
export async function show(
  { out, paths }: CommandContext,
  [id]: [string],
  { ran }: { ran: boolean },
): Promise<undefined> {
  const { readJob } = await import('../../../jobs/registry.ts');
  const view = readJob(paths, id);
  if (ran) {
    const { whatRan } = await import('../../../jobs/ran.ts');
    const text = whatRan(view);
    out.result({ job: { id: view.spec.id, work: view.spec.work }, ran: text }, () => text.trimEnd());
    return;
  }
  const { readLastEvents } = await import('../../../jobs/events.ts');
  const { usageOf } = await import('../../../jobs/usage.ts');
  const usage = view.pid === null ? null : await usageOf(view.pid);
  const { events } = await readLastEvents(view.folder);
  const made = madeBy(events);
  const { readFailureFile } = await import('../../../training/failures/file.ts');
  const failure = readFailureFile(view.folder) ?? null;
  const job = { ...jobJson(view), work: view.spec.work, usage, made, failure };
  const times = timeLines(view, await import('../../../jobs/time.ts'));
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
function timeLines(view: JobView, { secondsOf, signsOfLife }: typeof import('../../../jobs/time.ts')): string[] {
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

/** `jobs logs`. */
export async function logs(
  context: CommandContext,
  [id]: [string],
  options: z.output<typeof logOptions>,
): Promise<number> {
  const { out, paths, signal } = context;
  const { readJob } = await import('../../../jobs/registry.ts');
  const { readEvents } = await import('../../../jobs/events.ts');
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
  const { readJob } = await import('../../../jobs/registry.ts');
  const { localLauncher } = await import('../../../jobs/launchers/local.ts');
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
