import type { Command } from 'commander';
import { z } from 'zod';
import type { KnowledgeBase } from '../../kb/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { Answer, AnswerEvent, Pipeline } from '../../rag/types.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';
import { EXIT } from '../exit-codes.ts';
import { chooseKb, withKb } from '../kb-client.ts';
import { needModels } from '../need-models.ts';
import type { Output } from '../output.ts';
import { addSearchOptions, chosen, searchOptionsSchema } from '../search-options.ts';

const TOP_K = 3;

const optionsSchema = searchOptionsSchema.extend({
  llm: z.string().min(1).optional(),
  prompt: z.string().min(1).optional(),
  temperature: z.coerce.number('a number').min(0).optional(),
  seed: z.coerce.number('a whole number').int('a whole number').optional(),
  maxTokens: z.coerce.number('a whole number').int('a whole number').positive().optional(),
});
type Options = z.output<typeof optionsSchema>;

/** `ragtui ask "question" --kb NAME`. */
export function addAsk(program: Command, invocation: Invocation): void {
  const command = program.command('ask').description('ask a knowledge base').argument('<question>');
  addSearchOptions(command, TOP_K)
    .option(
      '--llm <id>',
      'chat model or endpoint (default: the settings, else smollm2-135m-instruct; none: only retrieve)',
    )
    .option(
      '--prompt <name>',
      'default, tutorial, sft, plain, or one of your own; NAME@TUNE: with the system text of a tune',
    )
    .option('--temperature <t>', 'default: 0')
    .option('--seed <n>', 'default: 1314')
    .option('--max-tokens <n>', 'longest answer (default: 256)');
  const schemas = {
    args: z.tuple([z.string().trim().min(1, 'the question is empty')]),
    options: optionsSchema,
  };
  handle(command, invocation, schemas, ask);
}

async function ask(context: CommandContext, [question]: [string], options: Options): Promise<number> {
  const { answer } = await import('../../rag/pipeline.ts');
  const { llmResolver } = await import('../../serving/resolve.ts');
  const { loadSettings } = await import('../../platform/config.ts');
  const { out, paths, signal } = context;
  const { settings } = loadSettings(paths.configFile);
  return withKb(context, async (kb) => {
    const base = await chooseKb(context, kb, options.kb);
    const pipeline = await pipelineFor(base, options, settings.defaults);
    await needModels(context, modelsOf(base, pipeline), options.pull);
    const deps = { kb, paths, resolveLlm: llmResolver(paths), prompts: settings.prompts };
    let finished: Answer | undefined;
    for await (const event of answer(
      deps,
      { question, pipeline },
      { signal, onStatus: (text) => out.progress(text) },
    )) {
      if (event.type === 'done') finished = event.answer;
      else show(event, out);
    }
    if (!finished) throw new RagtuiError('internal', 'The answer did not end.');
    if (finished.finish !== 'cancelled') await kb.call('answers.add', { answer: finished });
    return report(out, finished);
  });
}

async function pipelineFor(
  base: KnowledgeBase,
  options: Options,
  defaults: {
    llm?: string | undefined;
    prompt: string;
    mode: Pipeline['mode'];
    top_k: number;
    reranker?: string | undefined;
  },
): Promise<Pipeline> {
  const { pipelineSchema } = await import('../../rag/types.ts');
  const { DEFAULT_CHAT_MODEL } = await import('../../models/catalogue.ts');
  const { temperature, seed, maxTokens } = options;
  return pipelineSchema.parse({
    kb: base.name,
    ...(defaults.reranker === undefined ? {} : { reranker: defaults.reranker }),
    ...chosen(options),
    mode: options.mode ?? defaults.mode,
    topK: options.topK ?? defaults.top_k,
    instruction: options.instruction,
    filter: options.filter,
    llm: options.llm ?? defaults.llm ?? DEFAULT_CHAT_MODEL,
    prompt: options.prompt ?? defaults.prompt,
    sampling: { temperature, seed, maxTokens },
  });
}

function modelsOf(base: KnowledgeBase, pipeline: Pipeline): string[] {
  const embedder = pipeline.embedder ?? base.embedders[0];
  return [
    ...(pipeline.mode !== 'bm25' && embedder ? [embedder] : []),
    ...(pipeline.reranker ? [pipeline.reranker] : []),
    ...(pipeline.llm === 'none' ? [] : [pipeline.llm]),
  ];
}

function show(event: Exclude<AnswerEvent, { type: 'done' }>, out: Output): void {
  if (event.type === 'retrieved') {
    const { hits, relevant } = event.search;
    if (hits.length === 0) out.note('Nothing was found; the model is not asked.');
    else if (!relevant) out.note('Nothing relevant was found; the answer has weak ground.');
  } else if (event.type === 'prompt') {
    if (event.cut) out.note(event.cut);
  } else {
    out.clearProgress();
    out.stream(event.text);
  }
}

function report(out: Output, answer: Answer): number {
  if (!out.json && answer.answer !== '') out.stream('\n');
  out.result(answer, () => [
    ...(answer.hits.length > 0 ? ['', 'From:'] : []),
    ...answer.hits.map(
      (hit) => `${hit.rank}. ${hit.score.toFixed(4)} ${hit.scoreKind}  ${hit.document} [${hit.start}–${hit.end}]`,
    ),
  ]);
  const { timing, usage, finish, cost, retries, notSent } = answer;
  const about = usage.estimated ? 'about ' : '';
  if (finish === 'cancelled') out.note('Cancelled.');
  if (finish === 'filtered') out.note("The answer was ended by the provider's content filter.");
  if (finish === 'length') out.note('The answer was cut at its longest length (--max-tokens).');
  out.note(
    [
      ...(answer.models.embedder === null ? [] : [`embedding ${timing.embeddingMs.toFixed(0)} ms`]),
      `retrieval ${timing.retrievalMs.toFixed(1)} ms`,
      ...(timing.firstTokenMs === null ? [] : [`first token ${timing.firstTokenMs.toFixed(0)} ms`]),
      ...(timing.tokensPerSecond === null ? [] : [`${timing.tokensPerSecond.toFixed(1)} tokens/s`]),
      `${about}${usage.promptTokens} + ${usage.completionTokens} tokens`,
      ...(cost === null ? [] : [`${about}${cost.amount.toPrecision(3)} ${cost.currency}`]),
      ...(retries === 0 ? [] : [`${retries} retries`]),
      ...(notSent === undefined ? [] : [`no ${notSent.join(', ')} sent`]),
      `${(timing.totalMs / 1000).toFixed(1)} s`,
    ].join(' · '),
  );
  return finish === 'cancelled' ? EXIT.interrupted : EXIT.done;
}
