import { z } from 'zod';
import { knowledgeBaseSchema } from '../../kb/types.ts';
import { runRagtui } from '../demo/run-ragtui.ts';
import { NAMES } from './names.ts';
import type { LoopOutcome, LoopStep, LoopWorld } from './types.ts';

const EMBEDDERS = [NAMES.embedder, NAMES.tunedEmbedder] as const;
const ENGINES = ['vllm', 'llama'] as const;
const CONTEXT_TOKENS = '2048';

const makeKb = [
  ...['kb', 'create', NAMES.kb, '--from-dataset', NAMES.financial, '--split', 'test', '--group', 'line'],
  ...EMBEDDERS.flatMap((id) => ['--embedder', id]),
];
const serveOn = (engine: string): string[] => [
  ...['deploy', 'start', NAMES.adapter, '--engine', engine],
  ...['--context', CONTEXT_TOKENS, '--wait'],
];

export const serveSteps: readonly LoopStep[] = [
  { name: 'knowledge base', command: () => makeKb.join(' '), run: knowledgeBase },
  ...ENGINES.map((engine) => ({
    name: `serve on ${engine}`,
    command: () => serveOn(engine).join(' '),
    until: 'compare',
    run: (world: LoopWorld) => serve(world, engine),
  })),
  { name: 'compare', command: () => `compare QUESTION --kb ${NAMES.kb} --column … (six)`, run: compare },
  {
    name: 'stop vllm',
    command: () => `deploy stop ${NAMES.adapter} --engine vllm`,
    run: stopVllm,
  },
];

async function knowledgeBase(world: LoopWorld): Promise<LoopOutcome> {
  const { kbs } = z
    .object({ kbs: z.array(z.object({ name: z.string() })) })
    .parse(await runRagtui(world, ['kb', 'list']));
  // Of an attempt that was ended before its time.
  if (kbs.some(({ name }) => name === NAMES.kb)) await runRagtui(world, ['kb', 'delete', NAMES.kb, '--yes']);
  await runRagtui(world, makeKb);
  const { kb } = z.object({ kb: knowledgeBaseSchema }).parse(await runRagtui(world, ['kb', 'show', NAMES.kb]));
  const whole =
    kb.indexes.length === EMBEDDERS.length && kb.indexes.every(({ vectors, missing }) => vectors > 0 && missing === 0);
  return {
    ok: kb.documents > 0 && kb.failed === 0 && whole,
    detail: `${kb.documents} documents, ${kb.chunks} chunks, ${kb.indexes.map(({ embedder, vectors }) => `${vectors} vectors of ${embedder}`).join(', ')}`,
  };
}

const deploymentsSchema = z.object({
  deployments: z.array(
    z.object({ engine: z.string(), state: z.string(), model: z.string(), adapters: z.array(z.string()) }),
  ),
});

async function serve(world: LoopWorld, engine: (typeof ENGINES)[number]): Promise<LoopOutcome> {
  await runRagtui(world, serveOn(engine));
  const { deployments } = deploymentsSchema.parse(await runRagtui(world, ['deploy', 'list']));
  const found = deployments.find((one) => one.engine === engine && one.adapters.includes(NAMES.adapter));
  return {
    ok: found?.state === 'running',
    detail: found ? `${found.model} and ${found.adapters.join(', ')}: ${found.state}, by /health` : 'not in the list',
  };
}

/** The first held-out row. */
async function heldOut(world: LoopWorld): Promise<{ question: string; context: string; answers: string[] }> {
  const args = ['dataset', 'show', NAMES.financial, '--split', 'test', '--row', '0'];
  const schema = z.object({
    row: z.object({ question: z.string(), context: z.string(), answers: z.array(z.string()) }),
  });
  return schema.parse(await runRagtui(world, args)).row;
}

const comparisonSchema = z.object({
  columns: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      answer: z.string(),
      error: z.object({ message: z.string() }).nullable(),
      hits: z.array(z.object({ document: z.string(), text: z.string(), score: z.number() })),
      usage: z.object({ promptTokens: z.number(), completionTokens: z.number() }).nullable(),
      timing: z.object({ firstTokenMs: z.number().nullable(), tokensPerSecond: z.number().nullable() }).nullable(),
    }),
  ),
});

async function compare(world: LoopWorld): Promise<LoopOutcome> {
  const { question, context, answers } = await heldOut(world);
  const llms = ENGINES.flatMap((engine) => [
    `name=base@${engine},llm=${NAMES.llm}@${engine}`,
    `name=tuned@${engine},llm=${NAMES.adapter}@${engine}`,
  ]).map((column) => `${column},context=gold,prompt=sft,max-tokens=${world.sizes.maxTokens}`);
  const embedders = EMBEDDERS.map((id) => `name=${id},llm=none,embedder=${id},mode=vector,top-k=1`);
  const columns = [...llms, ...embedders].flatMap((column) => ['--column', column]);
  const args = ['compare', question, '--kb', NAMES.kb, '--passage', context, ...columns];
  const result = comparisonSchema.parse(await runRagtui(world, args)).columns;
  const measured = result.filter(({ timing }) => timing?.firstTokenMs != null && timing.tokensPerSecond != null);
  const found = result.filter(({ hits }) => hits.length > 0);
  const failed = result.filter(({ state }) => state !== 'ok');
  const why = failed.map(({ name, state, error }) => `${name} ${state}${error ? ` (${error.message})` : ''}`);
  return {
    ok: failed.length === 0 && measured.length === llms.length && found.length === embedders.length,
    detail: why.length > 0 ? why.join(', ') : `${measured.length} LLM columns timed, ${found.length} embedder columns`,
    markdown: [
      '### One question, six columns',
      '',
      `Question: ${question}`,
      '',
      `Gold answer: ${answers[0] ?? ''}`,
      '',
      '| column | first token | tokens/s | tokens | says or finds |',
      '| --- | --- | --- | --- | --- |',
      ...result.map(({ name, timing, usage, answer, hits }) => {
        const first = timing?.firstTokenMs == null ? '–' : `${timing.firstTokenMs.toFixed(0)} ms`;
        const speed = timing?.tokensPerSecond == null ? '–' : timing.tokensPerSecond.toFixed(1);
        const tokens = usage && usage.completionTokens > 0 ? `${usage.promptTokens} + ${usage.completionTokens}` : '–';
        const hit = hits[0] ? `${hits[0].score.toFixed(4)}: ${hits[0].text}` : 'nothing';
        return `| ${name} | ${first} | ${speed} | ${tokens} | ${cell(answer || hit)} |`;
      }),
      '',
      'The columns were asked one after another, not at once.',
    ],
  };
}

/** One line that cannot break a table. */
const cell = (text: string): string => text.trim().replace(/\s+/g, ' ').replaceAll('|', '\\|');

/** It would take its share of the two cores from the evaluation, which runs on the embedded server. */
async function stopVllm(world: LoopWorld): Promise<LoopOutcome> {
  const before = deploymentsSchema.parse(await runRagtui(world, ['deploy', 'list'])).deployments;
  if (before.some(({ engine }) => engine === 'vllm')) {
    await runRagtui(world, ['deploy', 'stop', NAMES.adapter, '--engine', 'vllm']);
  }
  const { deployments } = deploymentsSchema.parse(await runRagtui(world, ['deploy', 'list']));
  const gone = deployments.every(({ engine }) => engine !== 'vllm');
  return { ok: gone, detail: gone ? 'stopped' : 'STILL THERE' };
}
