import type { Command } from 'commander';
import { z } from 'zod';
import type { AuditSettings, MakingOf } from '../../../datasets/making/types.ts';
import type { CommandContext } from '../../context.ts';
import { datasetJson, datasetLines } from '../../dataset-text.ts';
import { collect, handle, type Invocation } from '../../define.ts';
import { makingOptions, startMaking } from '../../making-job.ts';
import { name, whole } from './arguments.ts';
import { addReviewOptions, reviewNegatives, reviewOptions, wantsReview } from './review.ts';
import { usualInstruction } from './usual-instruction.ts';

const negativeOptions = makingOptions.extend({
  count: whole.min(1, 'at least 1').default(10),
  seed: whole.default(1314),
  split: z.string().min(1).optional(),
  instruction: z.string().optional(),
  name: z.string().min(1).optional(),
  from: z.array(z.string()).optional(),
  ranks: z.string().default('2-200'),
  top: z.boolean().default(false),
  margin: z.string().optional(),
  fill: z.boolean().default(true),
  kb: z.string().min(1).optional(),
  group: z.string().min(1).optional(),
  audit: z.boolean().default(true),
  above: z.coerce.number('a cosine, e.g. 0').min(-1).max(1).optional(),
  measure: z.string().min(1).optional(),
  reranker: z.string().min(1).optional(),
  judge: z.string().min(1).optional(),
  concurrency: whole.min(1, '1 to 64').max(64, '1 to 64').default(1),
  ...reviewOptions,
});
type Options = z.output<typeof negativeOptions>;

/** `ragtui dataset negatives NAME`. */
export function addNegatives(dataset: Command, invocation: Invocation): void {
  handle(
    addReviewOptions(
      dataset
        .command('negatives')
        .description('make retrieval rows: each question, what is right for it, and other passages')
        .argument('<name>', 'questions with contexts (qa), or retrieval rows')
        .option('--count <n>', 'at random, as many per question (default: 10); for more ways see --from')
        .option(
          '--from <source>',
          'repeatable: random:N, bm25:N, EMBEDDER:N, existing (default for retrieval rows); with a window of its own: bm25:4@2-50',
          collect,
        )
        .option('--ranks <window>', 'of bm25 and embedders, among what is not right (default: 2-200)')
        .option('--top', 'the first of the window instead of a sample of it')
        .option('--margin <m>', 'a negative scores at least 0.05 below the positive, or at most 95% of it')
        .option('--no-fill', 'do not fill up at random what a source could not give')
        .option('--kb <name>', "passages of a knowledge base instead of the dataset's own contexts")
        .option('--group <group>', 'its node group (default: its first)')
        .option('--no-audit', 'do not set apart duplicates of the positive and passages that hold the answer')
        .option('--above <d>', 'set apart what scores above the positive by more than this (cosine)')
        .option('--measure <embedder>', 'measures --above and the difficulty (default: the first embedder of --from)')
        .option('--reranker <id[:score]>', 'set apart what a cross-encoder gives at least this (default: 0.5)')
        .option('--judge <llm>', 'set apart what an LLM says answers the question')
        .option('--concurrency <n>', 'questions in work at once (default: 1)')
        .option('--split <part>', 'part of the dataset, e.g. train (default: all)')
        .option('--seed <n>', 'default: 1314')
        .option('--instruction <text>', "the embedder's query instruction (default: BGE's, by the language)")
        .option('--name <name>', 'what to call it (default: NAME-retrieval)')
        .option('--dry-run', 'show what would run')
        .option('--no-pull', 'do not fetch a missing default model')
        .option('--wait', 'stay until the job ends'),
    ),
    invocation,
    { args: name, options: negativeOptions },
    negatives,
  );
}

async function negatives(context: CommandContext, [which]: [string], options: Options): Promise<number | undefined> {
  if (wantsReview(options)) return reviewNegatives(context, which, options);
  const { readManifest } = await import('../../../datasets/store.ts');
  const hasNegatives = readManifest(context.paths, which).kind === 'retrieval';
  if (options.from === undefined && !hasNegatives) return atRandom(context, which, options);
  const { prepareNegatives } = await import('../../../datasets/negatives/prepare.ts');
  const { making, models } = await prepareNegatives(context.paths, await wishOf(context, which, options));
  return startMaking(context, { making, models, plan: {}, lines: planLines(making) }, options);
}

/** The tutorial's way, at once. */
async function atRandom(
  { out, paths, signal }: CommandContext,
  which: string,
  { count, seed, split: part, instruction, name: as }: Options,
): Promise<undefined> {
  const { makeRetrievalDataset } = await import('../../../datasets/negatives/random.ts');
  const { manifest } = await makeRetrievalDataset(paths, which, {
    count,
    signal,
    seed,
    instruction: instruction ?? (await usualInstruction(paths, which)),
    ...(part === undefined ? {} : { part }),
    ...(as === undefined ? {} : { as }),
  });
  const { rows, questions, contexts } = manifest;
  out.result({ dataset: datasetJson(manifest), rows, questions, contexts }, () => [
    `Made ${manifest.name} ${manifest.version}.`,
    ...datasetLines(manifest),
  ]);
}

async function wishOf({ paths }: CommandContext, which: string, options: Options) {
  const { parseMargin, parseRanks, parseSource } = await import('../../../datasets/negatives/sources.ts');
  const { NO_AUDIT, USUAL_AUDIT } = await import('../../../datasets/making/types.ts');
  const { kb, group, above, measure, judge, margin } = options;
  const choose = options.top ? ('top' as const) : ('sample' as const);
  const ranks = parseRanks(options.ranks);
  const audit: AuditSettings = {
    ...(options.audit ? USUAL_AUDIT : NO_AUDIT),
    above: above ?? null,
    embedder: measure ?? null,
    reranker: options.reranker === undefined ? null : parseReranker(options.reranker),
    judge: judge === undefined ? null : { llm: judge },
  };
  return {
    dataset: which,
    part: options.split ?? 'all',
    as: options.name,
    seed: options.seed,
    instruction: options.instruction ?? (await usualInstruction(paths, which)),
    sources: (options.from ?? ['existing']).map((text) => parseSource(text, { ranks, choose })),
    kb: kb === undefined ? null : { name: kb, group: group ?? null },
    margin: margin === undefined ? null : parseMargin(margin),
    fill: options.fill,
    audit,
    concurrency: options.concurrency,
  };
}

const USUAL_THRESHOLD = 0.5;

function parseReranker(text: string): { id: string; threshold: number } {
  const found = /^(.*):([01](?:\.\d+)?)$/.exec(text);
  return { id: found?.[1] ?? text, threshold: Number(found?.[2] ?? USUAL_THRESHOLD) };
}

function planLines({ dataset, version, part, as, sources, margin, kb, audit }: MakingOf<'negatives'>): string[] {
  return [
    `from     ${dataset} ${version} (${part})`,
    `to       ${as}`,
    `passages ${kb ? `the knowledge base ${kb.name}` : "the part's own contexts"}`,
    ...sources.map((source) => `source   ${JSON.stringify(source)}`),
    ...(margin ? [`margin   ${margin.kind} ${margin.value}`] : []),
    `audit    ${JSON.stringify(audit)}`,
  ];
}
