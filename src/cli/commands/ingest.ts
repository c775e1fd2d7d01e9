import { statSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import type { JobEvent, JobView, JobWork, Progress } from '../../jobs/types.ts';
import type { KbClient } from '../../kb/protocol.ts';
import { type IngestReport, ingestReportSchema, type KnowledgeBase } from '../../kb/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { CommandContext } from '../context.ts';
import { collect, handle, type Invocation } from '../define.ts';
import { EXIT } from '../exit-codes.ts';
import { followJob } from '../follow.ts';
import { jobJson } from '../job-text.ts';
import { findKb, withKb } from '../kb-client.ts';
import { createKb, parseGroups } from '../make-kb.ts';
import { needModels } from '../need-models.ts';
import { clock, type Output } from '../output.ts';
import { stopOnInterrupt } from '../stop-on-interrupt.ts';

const optionsSchema = z.object({
  kb: z.string().min(1),
  group: z.array(z.string()).default([]),
  embedder: z.array(z.string()).default([]),
  watch: z.boolean().default(false),
  prune: z.boolean().default(false),
  detach: z.boolean().default(false),
  plan: z.boolean().default(false),
  pull: z.boolean().default(true),
});
type Options = z.output<typeof optionsSchema>;

/** `ragtui ingest PATH… --kb NAME`. */
export function addIngest(program: Command, invocation: Invocation): void {
  const command = program
    .command('ingest')
    .description('bring a knowledge base up to date with files and folders (made if it is not there)')
    .argument('<path...>')
    .requiredOption('--kb <name>', 'the knowledge base')
    .option(
      '--group <spec>',
      'how to split: line, sentence[:CHARS], token[:SIZE[:OVERLAP]], markdown[:CHARS]; repeatable',
      collect,
    )
    .option(
      '--embedder <id>',
      'repeatable; the first is the active one (default: by the language of the documents)',
      collect,
    )
    .option('--watch', 'go on and follow changes until stopped')
    .option('--prune', 'remove documents whose files are gone, however many')
    .option('--plan', 'say on paper what it would take (chunks, disk, memory, time), and do nothing')
    .option('--detach', 'start it and do not wait')
    .option('--no-pull', 'do not fetch a missing default model');
  const schemas = { args: z.tuple([z.array(z.string()).min(1)]), options: optionsSchema };
  handle(command, invocation, schemas, ingest);
}

/** Ingests files and folders as a job and waits for it. */
export async function ingest(context: CommandContext, [names]: [string[]], options: Options): Promise<number> {
  const roots = existing(names, options.prune);
  if (options.plan) {
    const { planOnPaper } = await import('./ingest-plan.ts');
    return planOnPaper(context, roots, options);
  }
  const { launchJob } = await import('../../jobs/launcher.ts');
  const { ensureWorkspace } = await import('../../platform/paths.ts');
  ensureWorkspace(context.paths);
  const work = await withKb(context, async (kb) => {
    const base = (await findKb(kb, options.kb)) ?? (await firstTime(context, kb, roots, options));
    return workFor(base, roots, options);
  });
  await needModels(context, work.embedders, options.pull);
  const job = await launchJob(context.paths, work);
  if (options.detach) {
    context.out.result(
      { job: jobJson(job) },
      () => `Started ${job.spec.id}. Follow it: ragtui jobs logs -f ${job.spec.id}`,
    );
    return EXIT.done;
  }
  return follow(context, job, options.watch);
}

/** Absolute paths. One that is not there is a slip, unless its documents are meant to leave (--prune). */
function existing(names: readonly string[], prune: boolean): string[] {
  const roots = names.map((name) => path.resolve(name));
  for (const root of roots) {
    if (!prune && !statSync(root, { throwIfNoEntry: false })) {
      throw new RagtuiError(
        'not-found',
        `There is no ${root}.`,
        'Name a file or a folder that exists; with --prune the documents that came from there leave.',
      );
    }
  }
  return roots;
}

async function firstTime(
  context: CommandContext,
  kb: KbClient,
  roots: readonly string[],
  options: Options,
): Promise<KnowledgeBase> {
  const { guessLanguage } = await import('../../kb/language.ts');
  const guess = await guessLanguage(roots);
  const made = await createKb(context, kb, {
    name: options.kb,
    group: options.group,
    embedder: options.embedder,
    language: guess.language,
  });
  const seen =
    guess.share === null
      ? 'no text to judge by'
      : `${Math.round(guess.share * 100)} % Chinese in the ${guess.files === 1 ? 'file' : `${guess.files} files`} looked at`;
  const why = options.embedder.length > 0 ? '' : ` (${seen})`;
  context.out.note(
    `Made the knowledge base ${made.name}: embedder ${made.embedders.join(', ')}${why}, split by ${made.groups.map((group) => group.name).join(', ')}.`,
  );
  return made;
}

/** The knowledge base's own groups and embedders, and those named now beside them. */
async function workFor(
  base: KnowledgeBase,
  roots: readonly string[],
  options: Options,
): Promise<Extract<JobWork, { kind: 'ingest' }>> {
  const embedders = [...new Set([...base.embedders, ...options.embedder])];
  const known = new Set(base.groups.map((group) => group.name));
  const more = (await parseGroups(options.group, embedders)).filter((group) => !known.has(group.name));
  return {
    kind: 'ingest',
    kb: base.name,
    roots: [...roots],
    groups: [...base.groups, ...more],
    embedders,
    watch: options.watch,
    prune: options.prune,
  };
}

/** Shows progress until the job ends; the first Ctrl+C stops the job, the second one only this command. */
async function follow(context: CommandContext, job: JobView, watch: boolean): Promise<number> {
  const { out, paths } = context;
  const id = job.spec.id;
  let report: IngestReport | undefined;
  const over = await stopOnInterrupt(context, id, '; what is embedded stays');
  const onEvent = (event: JobEvent) => {
    const made = reportOf(event);
    if (made && watch) showPass(out, made);
    report = made ?? report;
    show(event, out);
  };
  const end = await followJob(paths, id, { signal: new AbortController().signal, onEvent });
  out.clearProgress();
  await over();
  return finish(out, end, report, watch);
}

/** A watching ingest reports after every pass. */
function showPass(out: Output, report: IngestReport): void {
  out.clearProgress();
  if (out.json) out.jsonLine({ report });
  else out.result(report, () => reportLines(report));
}

function show(event: JobEvent, out: Output): void {
  if (event.type === 'progress') out.progress(progressLine(event.progress));
  else if (event.type === 'log' && event.level !== 'info') out.note(event.text);
}

function progressLine({ phase, done, total, unit, rate, secondsLeft, details }: Progress): string {
  const files = details['files total'] ? `${details['files'] ?? 0}/${details['files total']} files, ` : '';
  const speed = rate ? `, ${rate.toFixed(0)} ${unit}/s` : '';
  const tokens = details['tokens/s'] ? `, ${Math.round(details['tokens/s'])} tokens/s` : '';
  const left = secondsLeft === null || phase === 'done' ? '' : `, ${clock(secondsLeft)} left`;
  return `${phase}: ${files}${done}/${total} ${unit}${speed}${tokens}${left}`;
}

/** The ingest worker hands its report over as the data of an artifact. */
function reportOf(event: JobEvent): IngestReport | undefined {
  if (event.type !== 'artifact') return undefined;
  const parsed = ingestReportSchema.safeParse(event.data);
  return parsed.success ? parsed.data : undefined;
}

function finish(out: Output, job: JobView, report: IngestReport | undefined, watch: boolean): number {
  const interrupted = job.state === 'stopped';
  if (job.state === 'failed' || job.state === 'lost') {
    const { error, reason } = job;
    throw new RagtuiError(
      'unavailable',
      error?.message ?? `The ingest is ${job.state}: ${reason}.`,
      error?.hint || `See ragtui jobs logs ${job.spec.id}.`,
    );
  }
  const result = { job: jobJson(job), report: report ?? null };
  if (out.json && watch) out.jsonLine(result);
  else if (watch) out.note(`${job.spec.id} ${job.state}`);
  else
    out.result(result, () =>
      report ? reportLines(report) : `${job.spec.id} ${job.state}; run the same command to go on where it was.`,
    );
  if (interrupted) return EXIT.interrupted;
  return report && report.failed.length > 0 && report.added + report.changed + report.unchanged === 0
    ? EXIT.failed
    : EXIT.done;
}

/** What went in, what did not and why. */
export function reportLines(report: IngestReport): string[] {
  const { added, changed, unchanged, removed, failed, warnings, chunks, embedded, tokens, seconds } = report;
  const stages = Object.entries(report.stages ?? {}).filter(([, spent]) => spent >= 1);
  return [
    `${added} added, ${changed} changed, ${unchanged} unchanged, ${removed} removed, ${failed.length} failed`,
    `${chunks} chunks, ${embedded} texts embedded (${tokens} tokens) in ${seconds.toFixed(1)} s`,
    ...(seconds < 60 ? [] : [`spent in: ${stages.map(([stage, spent]) => `${stage} ${clock(spent)}`).join(', ')}`]),
    ...warnings.map((warning) => `warning: ${warning}`),
    ...failed.map(({ path: file, reason, hint }) => `failed: ${file}: ${reason}${hint ? ` ${hint}` : ''}`),
  ];
}
