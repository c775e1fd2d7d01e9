import type { Command } from 'commander';
import { z } from 'zod';
import { isOver, jobStateSchema } from '../../jobs/types.ts';
import type { CommandContext } from '../context.ts';
import { collect, handle, type Invocation } from '../define.ts';
import { EXIT } from '../exit-codes.ts';
import { jobJson } from '../job-text.ts';
import { clone, cloneOptions, resume, retry, retryOptions } from './jobs/again.ts';
import { remove } from './jobs/delete.ts';
import { addJobsFetch } from './jobs/fetch.ts';
import { list, listOptions, logOptions, logs, show } from './jobs/look.ts';
import { addJobsMetrics } from './jobs/metrics.ts';

const one = z.tuple([z.string()]);
const none = z.tuple([]);
const noOptions = z.object({});

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
