import type { Command } from 'commander';
import { z } from 'zod';
import { RagtuiError } from '../../../platform/errors.ts';
import { LOAD_TEST_USUAL, type LoadTest, type LoadTestResult } from '../../../serving/load-test/types.ts';
import { benchLines, ratioLines } from '../../bench-text.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';
import { EXIT } from '../../exit-codes.ts';
import { followJob } from '../../follow.ts';
import { jobJson } from '../../job-text.ts';
import { progressLine } from '../../job-to-end.ts';
import { table } from '../../output.ts';

const whole = z.coerce.number('a whole number').int('a whole number').positive('above 0');
const levels = z
  .string()
  .transform((text) => text.split(',').map((part) => Number(part.trim())))
  .pipe(z.array(z.number('whole numbers, like 1,2,4,8').int().min(1).max(1024)).min(1));
const benchSchema = z.object({
  concurrency: levels.default([...LOAD_TEST_USUAL.concurrency]),
  requests: whole.optional(),
  promptTokens: whole.default(LOAD_TEST_USUAL.promptTokens),
  maxTokens: whole.default(LOAD_TEST_USUAL.maxTokens),
  levelSeconds: whole.default(LOAD_TEST_USUAL.levelSeconds),
  dataset: z.string().min(1).optional(),
  split: z.string().min(1).default('all'),
  model: z.string().min(1).optional(),
  keyEnv: z.string().min(1).optional(),
  list: z.boolean().default(false),
  show: z.string().min(1).optional(),
  against: z.string().min(1).optional(),
  detach: z.boolean().default(false),
});
type BenchOptions = z.output<typeof benchSchema>;

/** `ragtui deploy bench`. */
export function addBench(deploy: Command, invocation: Invocation): void {
  const bench = deploy
    .command('bench')
    .description('ask a server with more and more requests at a time: rates, latencies, and the knee')
    .argument('[name-or-url]', 'what is served (sft, sft@vllm), an endpoint of yours, or an address ending in /v1')
    .option('--concurrency <n,n,…>', 'requests at a time, one level after the other (default: 1,2,4,8)')
    .option('--requests <n>', 'of each level (default: four for each at a time, eight at least)')
    .option('--prompt-tokens <n>', `about so many tokens of made-up text (default: ${LOAD_TEST_USUAL.promptTokens})`)
    .option('--max-tokens <n>', `of an answer, at most (default: ${LOAD_TEST_USUAL.maxTokens})`)
    .option('--level-seconds <n>', `no new request in a level after (default: ${LOAD_TEST_USUAL.levelSeconds})`)
    .option('--dataset <name>', 'ask the questions of a dataset instead of made-up text')
    .option('--split <part>', 'a part of it, like context/test (default: all)')
    .option('--model <name>', 'with an address: the model to ask for')
    .option('--key-env <variable>', 'with an address: the variable that holds its key')
    .option('--against <id>', 'compare with an earlier test')
    .option('--list', 'the tests of this workspace')
    .option('--show <id>', 'an earlier test again')
    .option('--detach', 'do not stay until it ends');
  handle(bench, invocation, { args: z.tuple([z.string().min(1).optional()]), options: benchSchema }, runBench);
}

async function runBench(
  context: CommandContext,
  [target]: [(string | undefined)?],
  options: BenchOptions,
): Promise<number | undefined> {
  const { out, paths } = context;
  const { findLoadTest, listLoadTests } = await import('../../../serving/load-test/store.ts');
  if (options.list) {
    const tests = listLoadTests(paths);
    out.result({ tests }, () => listLines(tests));
    return;
  }
  if (options.show !== undefined) return showTest(context, findLoadTest(paths, options.show), options.against);
  if (options.against !== undefined) findLoadTest(paths, options.against);
  if (target === undefined) {
    throw new RagtuiError('usage', 'Say what to test.', 'ragtui deploy bench NAME, or --list for earlier tests.');
  }
  const test = testOf(target, options);
  const { launchJob } = await import('../../../jobs/launcher.ts');
  const { ensureWorkspace } = await import('../../../platform/paths.ts');
  ensureWorkspace(paths);
  const job = await launchJob(paths, { kind: 'load-test', test });
  const { id } = job.spec;
  if (options.detach) {
    out.result({ job: jobJson(job) }, () => `Started ${id}. See it: ragtui deploy bench --show ${id}`);
    return;
  }
  return stay(context, id, options.against);
}

function testOf(target: string, options: BenchOptions): LoadTest {
  const {
    concurrency,
    requests = null,
    promptTokens,
    maxTokens,
    levelSeconds,
    dataset,
    split,
    model,
    keyEnv,
  } = options;
  const common = {
    concurrency,
    requests,
    promptTokens,
    maxTokens,
    levelSeconds,
    rows: dataset === undefined ? null : { dataset, split },
  };
  if (!/^https?:\/\//.test(target)) return { target: { kind: 'name', name: target }, ...common };
  if (model === undefined) {
    throw new RagtuiError('usage', 'An address needs the name of the model.', 'Add --model NAME.');
  }
  return { target: { kind: 'url', url: target, model, ...(keyEnv === undefined ? {} : { keyEnv }) }, ...common };
}

/** Until it ends; the first Ctrl+C ends it, what is measured stays. */
async function stay(context: CommandContext, id: string, against: string | undefined): Promise<number | undefined> {
  const { out, paths, signal } = context;
  const { stopJob } = await import('../../../jobs/control.ts');
  const { readLoadTest } = await import('../../../serving/load-test/store.ts');
  let stopping: Promise<unknown> | undefined;
  const stop = () => {
    stopping = stopJob(paths, id);
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const end = await followJob(paths, id, {
    signal: new AbortController().signal,
    onEvent: (event) => {
      if (event.type === 'progress') out.progress(progressLine(event.progress));
      else if (event.type === 'log') out.note(event.text);
    },
  });
  out.clearProgress();
  await stopping;
  const result = readLoadTest(end);
  if (end.state === 'failed' || end.state === 'lost' || !result) {
    throw new RagtuiError(
      'unavailable',
      end.error?.message ?? `The load test is ${end.state}.`,
      end.error?.hint || `See ragtui jobs logs ${id}.`,
    );
  }
  await showTest(context, result, against);
  return end.state === 'stopped' ? EXIT.interrupted : undefined;
}

async function showTest(
  context: CommandContext,
  result: LoadTestResult,
  against: string | undefined,
): Promise<undefined> {
  const { out, paths } = context;
  const { findLoadTest } = await import('../../../serving/load-test/store.ts');
  const { differencesOf, ratiosOf } = await import('../../../serving/load-test/compare.ts');
  if (against === undefined) {
    out.result({ test: result }, () => benchLines(result));
    return;
  }
  const other = findLoadTest(paths, against);
  const ratios = ratiosOf(result, other);
  const differences = differencesOf(result, other);
  out.result({ test: result, against: other, ratios, differences }, () => [
    ...benchLines(result),
    ...ratioLines(other.id, ratios, differences),
  ]);
}

function listLines(tests: readonly LoadTestResult[]): string[] | string {
  if (tests.length === 0) return 'No server was tested yet: ragtui deploy bench NAME.';
  return table(
    ['ID', 'MODEL', 'ENGINE', 'STATE', 'LEVELS', 'KNEE', 'BEST TOKENS/S'],
    tests.map(({ id, model, engine, state, levels: measured, knee }) => [
      id,
      model,
      engine || '-',
      state,
      measured.map(({ concurrency }) => concurrency).join(','),
      knee ? `${knee.concurrency}${knee.rising ? '+' : ''}` : '-',
      Math.max(0, ...measured.map(({ tokensPerSecond }) => tokensPerSecond)).toFixed(1),
    ]),
  );
}
