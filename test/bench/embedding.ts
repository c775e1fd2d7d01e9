import path from 'node:path';
import { resolveEmbedder, startEmbedder } from '../../src/models/embedder-client.ts';
import type { EmbedderProcess, ResolvedEmbedder } from '../../src/models/embedder-types.ts';
import { ensureModels, pathsWithModels } from '../support/models.ts';
import { type Corpus, chinesePassages, englishPassages } from './corpus.ts';
import { cpuSeconds } from './machine.ts';
import { findPython, type PythonLoop, startPython } from './python.ts';
import { interleave, median, pairedRatio, spread } from './stats.ts';
import type { BenchContext, Benchmark, BenchRow } from './types.ts';

const PASSAGE = { kind: 'passage' } as const;
const THREADS = 1;
/** What our runtime does with f32; Python gets the same, and whatever turns out best for it. */
const OUR_BATCH = 8;
const BATCH_TOKENS = 1024;
const BATCHES_TO_TRY = [1, 4, 8, 16];
/** "Level" with the noise of paired rounds allowed for. */
const LEVEL = 0.95;

export const embedding: Benchmark = {
  name: 'embedding',
  about: 'our embedder process against a hand-tuned Python onnxruntime loop (same model, texts and threads)',
  async run(context) {
    const { quick, data, log } = context;
    const python = await findPython(context);
    const chinese = chinesePassages(data, quick ? 12 : 40);
    const english = await englishPassages(data, quick ? 32 : 128);
    const rows: BenchRow[] = [];
    for (const [model, corpus] of [
      ['bge-small-zh-v1.5', chinese],
      ['bge-small-zh-v1.5-int8', chinese],
      ['bge-small-en-v1.5-int8', english],
    ] as const) {
      log(`${model}: ${corpus.texts.length} passages of ${corpus.origin}`);
      rows.push(...(await compare(context, model, corpus, python)));
    }
    return rows;
  },
};

async function compare(
  context: BenchContext,
  model: string,
  { texts, origin }: Corpus,
  python: string | undefined,
): Promise<BenchRow[]> {
  const paths = pathsWithModels(path.join(context.scratch, 'home'));
  await ensureModels([model]);
  const resolved = await resolveEmbedder(paths, model);
  // Python runs at nice 0 too: the product's own niceness would only measure the others on this machine.
  const ours = await startEmbedder(resolved, { threads: THREADS, nice: 0 });
  context.defer(() => ours.close());
  const theirs = python === undefined ? undefined : await startLoop(python, resolved);
  if (theirs) context.defer(() => theirs.close());
  try {
    return await measure(context, ours, theirs, texts, origin);
  } finally {
    await ours.close();
    theirs?.close();
  }
}

function startLoop(python: string, { config, source }: ResolvedEmbedder): Promise<PythonLoop> {
  if (source.kind !== 'folder') throw new Error('only models of this disk are compared');
  const { model, tokenizer } = source;
  return startPython(python, { model, tokenizer, threads: THREADS, max_tokens: config.maxTokens });
}

async function measure(
  { quick }: BenchContext,
  ours: EmbedderProcess,
  theirs: PythonLoop | undefined,
  texts: readonly string[],
  origin: string,
): Promise<BenchRow[]> {
  const { id, config } = ours.resolved;
  const first = await ours.embed(texts, PASSAGE);
  const tokens = first.tokens.reduce((sum, count) => sum + count, 0);
  const cpu = { ours: 0, same: 0 };
  const sideOurs = async () => {
    const started = performance.now();
    const before = cpuOf(ours.pid);
    await ours.embed(texts, PASSAGE);
    cpu.ours += cpuOf(ours.pid) - before;
    return (texts.length * 1000) / (performance.now() - started);
  };
  const facts = `${texts.length} texts, ${Math.round(tokens / texts.length)} tokens on average, ${origin}, ${THREADS} thread`;
  if (!theirs) {
    const alone = (await interleave({ ours: sideOurs }, quick ? 2 : 5)).ours;
    return rate(id, alone, tokens / texts.length, `${facts}; no Python to compare with`, {});
  }
  const same = config.dtype === 'int8' ? 1 : OUR_BATCH;
  const best = await bestBatch(theirs, texts);
  await assertSameWork(first, theirs, texts, same);
  const sideSame = async () => {
    const before = cpuOf(theirs.pid);
    const { seconds } = await theirs.embed(texts, same, BATCH_TOKENS);
    cpu.same += cpuOf(theirs.pid) - before;
    return texts.length / seconds;
  };
  const sideBest = async () => texts.length / (await theirs.embed(texts, best, BATCH_TOKENS)).seconds;
  const speeds = await interleave({ ours: sideOurs, same: sideSame, best: sideBest }, quick ? 2 : 5);
  const level = { least: LEVEL, of: 'ratio' as const };
  const rows = rate(
    id,
    speeds.ours,
    tokens / texts.length,
    `${facts}; ${theirs.versions}, batch ${same} as ours; ${(cpu.same / cpu.ours).toFixed(2)}× by processor time`,
    {
      ratio: pairedRatio(speeds.ours, speeds.same),
      budget: level,
    },
  );
  const onlyFaster = config.dtype === 'int8' && best > 1;
  const why = onlyFaster ? `; its vectors then depend on batch-mates (int8), so ours stay alone` : '';
  rows.push({
    measure: `${id}: the same against Python's fastest batch`,
    value: median(speeds.best),
    unit: 'texts/s of Python',
    ratio: pairedRatio(speeds.ours, speeds.best),
    // With int8 the faster batch is no longer the same result.
    ...(onlyFaster ? {} : { budget: level }),
    note: `batch ${best} of ${BATCHES_TO_TRY.join(', ')}${why}`,
  });
  return rows;
}

function rate(
  id: string,
  speeds: readonly number[],
  tokensPerText: number,
  note: string,
  judged: Pick<BenchRow, 'ratio' | 'budget'>,
): BenchRow[] {
  const { median: value, min, max } = spread(speeds);
  return [
    { measure: id, value, unit: 'texts/s', min, max, note, ...judged },
    { measure: `${id}: tokens`, value: value * tokensPerText, unit: 'tokens/s' },
  ];
}

/** Processor seconds of a process so far; says more than the clock when others use the machine too. */
const cpuOf = (pid: number | undefined): number => (pid === undefined ? Number.NaN : cpuSeconds(pid));

async function bestBatch(loop: PythonLoop, texts: readonly string[]): Promise<number> {
  const sides = BATCHES_TO_TRY.map((batch) => ({ batch, seconds: Number.POSITIVE_INFINITY }));
  for (let round = 0; round < 2; round += 1) {
    for (const side of sides) {
      side.seconds = Math.min(side.seconds, (await loop.embed(texts, side.batch, BATCH_TOKENS)).seconds);
    }
  }
  return sides.reduce((best, side) => (side.seconds < best.seconds ? side : best)).batch;
}

/** A comparison of two programs that do different things says nothing. */
async function assertSameWork(
  ours: { readonly vectors: readonly Float32Array[]; readonly tokens: readonly number[] },
  loop: PythonLoop,
  texts: readonly string[],
  batch: number,
): Promise<void> {
  const theirs = await loop.embed(texts, batch, BATCH_TOKENS);
  const tokens = ours.tokens.reduce((sum, count) => sum + count, 0);
  const cosines = theirs.vectors.map((vector, at) =>
    vector.reduce((sum, value, column) => sum + value * (ours.vectors[at]?.[column] ?? 0), 0),
  );
  if (theirs.tokens === tokens && Math.min(...cosines) > 0.9999) return;
  throw new Error(`Python did other work: ${theirs.tokens} tokens (ours ${tokens}), cosines ${cosines.join(', ')}.`);
}
