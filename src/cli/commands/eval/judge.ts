import type { Command } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { toItsEnd } from '../../eval-follow.ts';
import { reportLines } from '../../eval-text.ts';
import { EXIT } from '../../exit-codes.ts';
import { jobJson } from '../../job-text.ts';
import { needModels } from '../../need-models.ts';
import { atOnce, one, RUN, whole } from './arguments.ts';

const judgeOptions = z.object({
  judge: z.string().min(1),
  metrics: z.string().optional(),
  metricEmbedder: z.string().min(1).optional(),
  limit: whole.positive('at least 1').optional(),
  concurrency: atOnce.default('auto'),
  pull: z.boolean().default(true),
  wait: z.boolean().default(false),
});
type JudgeOptions = z.output<typeof judgeOptions>;

/** `ragtui eval judge`. */
export function addEvalJudge(evaluation: Command, invocation: Invocation): void {
  handle(
    evaluation
      .command('judge')
      .description('let an LLM judge the answers of a run that is over; no column is asked again')
      .argument('<run>', RUN)
      .requiredOption('--judge <llm>', 'an endpoint or a model')
      .option(
        '--metrics <names>',
        'faithfulness, answer-relevance, judge-context-recall, preference, separated by commas (default: all that apply)',
      )
      .option('--metric-embedder <id>', "compares questions for answer-relevance (default: the run's)")
      .option('--limit <n>', "at most so many questions, the first in the run's order")
      .option('--concurrency <n>', 'questions in work at once, or auto: as many as the judge takes (default: auto)')
      .option('--no-pull', 'do not fetch a missing default model')
      .option('--wait', 'stay until it ends'),
    invocation,
    { args: one, options: judgeOptions },
    judge,
  );
}

async function judge(context: CommandContext, [id]: [string], options: JudgeOptions): Promise<number> {
  const { prepareJudging, startJudging } = await import('../../../evaluation/judge/afterwards.ts');
  const { out, paths } = context;
  const { judging, models, warnings } = await prepareJudging(paths, id, {
    judge: options.judge,
    metrics: options.metrics?.split(',').map((name) => name.trim()) ?? null,
    metricEmbedder: options.metricEmbedder ?? null,
    limit: options.limit ?? null,
    concurrency: options.concurrency,
  });
  for (const { text } of warnings) out.note(`Careful: ${text}`);
  await needModels(context, models, options.pull);
  const job = await startJudging(paths, judging);
  const { run } = judging;
  if (!options.wait) {
    out.result(
      { job: jobJson(job), run: { id: run } },
      () => `Started ${job.spec.id}. Its figures: ragtui eval show ${run}`,
    );
    return EXIT.done;
  }
  const end = await toItsEnd(context, job.spec.id, `ragtui eval judge ${run} --judge ${options.judge}`);
  const { reportOfRun } = await import('../../../evaluation/run-report.ts');
  const { report } = await reportOfRun(paths, run);
  out.result(report, () => reportLines(report));
  return end.state === 'stopped' ? EXIT.interrupted : EXIT.done;
}
