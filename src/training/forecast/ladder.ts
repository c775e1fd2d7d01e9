import { ZERO_FILES } from '../deepspeed.ts';
import type { Setting } from '../types.ts';
import { cutoffOf, groupOf, microBatch, passageMost, queryMost } from './batches.ts';
import { percentile, roundUp, shareOver } from './lengths.ts';
import { checkpoints, EVAL_BATCH, evaluatesAtAll } from './memory.ts';
import { methodOf, rankOf } from './parameters.ts';
import { Settings } from './settings.ts';
import type { ForecastInput, Lengths, Rung } from './types.ts';

/** What the next rung is chosen by. */
export type LadderInput = Pick<ForecastInput, 'engine' | 'settings' | 'device' | 'gpus' | 'lengths' | 'packages'>;

/**
 * What to change next when memory does not suffice; the first that is left. As far as it goes the rows of one
 * optimizer step stay as many, so that the training stays the same one. Undefined: nothing is left. Pure.
 *
 * LLM: half the micro-batch and twice the accumulation → a smaller evaluation batch → checkpointing → the cutoff to the
 * 99th, then 95th percentile of the lengths → 4-bit base (CUDA) → half the rank → ZeRO 2, 3, 3 with offload (several GPUs).
 * Embedder: checkpointing and sub-batches first, which change no number; a smaller micro-batch has fewer wrong passages
 * in it, which is another training: it comes after the lengths.
 */
export function nextRung(input: LadderInput): Rung | undefined {
  const rungs = input.engine === 'llamafactory' ? LLM_RUNGS : EMBEDDER_RUNGS;
  for (const rung of rungs) {
    const found = rung(input, new Settings(input.settings));
    if (found) return found;
  }
  return undefined;
}

/** All rungs from here down, each with what was changed before it. */
export function* ladder(input: LadderInput): Generator<Rung> {
  let settings = input.settings;
  for (let step = 0; step < MOST_RUNGS; step += 1) {
    const rung = nextRung({ ...input, settings });
    if (!rung) return;
    settings = { ...settings, ...rung.changes };
    yield rung;
  }
}

/** No ladder is longer: every rung halves something or can be taken once. */
const MOST_RUNGS = 64;

type Try = (input: LadderInput, read: Settings) => Rung | undefined;

const rung = (
  id: Rung['id'],
  changes: Readonly<Record<string, Setting>>,
  rest: Partial<Pick<Rung, 'keepsBatch' | 'cutsShare'>> = {},
): Rung => ({ id, changes, keepsBatch: rest.keepsBatch ?? true, cutsShare: rest.cutsShare ?? null });

const halfBatch: Try = (_, read) => {
  const micro = microBatch(read);
  if (micro <= 1) return undefined;
  const accumulation = read.number('gradient_accumulation_steps') ?? 1;
  const half = largestDivisor(micro);
  return rung('micro-batch', {
    per_device_train_batch_size: half,
    gradient_accumulation_steps: accumulation * (micro / half),
  });
};

/** The largest that divides: half of an even batch; a prime one goes to 1. */
function largestDivisor(size: number): number {
  for (let by = 2; by <= size; by += 1) if (size % by === 0) return size / by;
  return 1;
}

const evalBatch: Try = (input, read) => {
  const rows = read.number('per_device_eval_batch_size') ?? EVAL_BATCH;
  if (!evaluatesAtAll(input) || rows <= microBatch(read)) return undefined;
  return rung('eval-batch', { per_device_eval_batch_size: microBatch(read) });
};

const checkpointing: Try = (input) =>
  checkpoints(input) ? undefined : rung('checkpointing', { disable_gradient_checkpointing: false });

/** Of an embedder only both together help: blocks are computed again, and for few texts at a time. */
const checkpointingInParts: Try = (input, read) => {
  if (checkpoints(input)) return undefined;
  return rung('checkpointing', { gradient_checkpointing: true, sub_batch_size: quarter(read) });
};

const SHARES = [0.99, 0.95] as const;
/** Shorter than this nothing is left to learn from. */
const SHORTEST = 128;
const MULTIPLE = 8;

const cutoff: Try = ({ lengths }, read) => {
  const now = cutoffOf(read);
  const cut = lengths ? shorter(lengths.texts, now) : halved(now);
  return cut && rung('cutoff', { cutoff_len: cut.at }, { cutsShare: cut.share });
};

const textLengths: Try = ({ lengths }, read) => {
  const [query, passage] = [queryMost(read), passageMost(read)];
  const long = lengths?.passages ? shorter(lengths.passages, passage) : halved(passage);
  if (long) return rung('cutoff', { passage_max_len: long.at }, { cutsShare: long.share });
  const short = lengths ? shorter(lengths.texts, query) : halved(query);
  return short && rung('cutoff', { query_max_len: short.at }, { cutsShare: short.share });
};

interface Cut {
  readonly at: number;
  readonly share: number | null;
}

/** The next percentile that is shorter than both the cutoff and the longest text. */
function shorter(lengths: Lengths, now: number): Cut | undefined {
  if (lengths.sample.length === 0) return halved(now);
  for (const share of SHARES) {
    const at = Math.max(SHORTEST, roundUp(percentile(lengths, share), MULTIPLE));
    if (at < Math.min(now, lengths.longest)) {
      return { at, share: shareOver(lengths, at) - shareOver(lengths, now) };
    }
  }
  return undefined;
}

const halved = (now: number): Cut | undefined =>
  now / 2 < SHORTEST ? undefined : { at: roundUp(now / 2, MULTIPLE), share: null };

const quantise: Try = (input, read) => {
  const canBe = input.device === 'cuda' && input.packages.includes('bitsandbytes') && methodOf(input) === 'lora';
  if (!canBe || read.number('quantization_bit') !== undefined) return undefined;
  return rung('quantise', { quantization_bit: 4, quantization_method: 'bnb' });
};

const LEAST_RANK = 4;
const rank: Try = (input, read) => {
  const now = rankOf(read);
  if (methodOf(input) !== 'lora' || now <= LEAST_RANK) return undefined;
  const half = Math.max(LEAST_RANK, Math.floor(now / 2));
  const alpha = read.number('lora_alpha');
  // alpha/rank is the strength of the adapter: it stays.
  return rung('rank', { lora_rank: half, ...(alpha === undefined ? {} : { lora_alpha: (alpha * half) / now }) });
};

const zero: Try = ({ device, gpus, packages }, read) => {
  if (device !== 'cuda' || gpus < 2 || !packages.includes('deepspeed') || read.number('quantization_bit') !== undefined)
    return undefined;
  const now = ZERO_FILES.findIndex((file) => read.text('deepspeed')?.endsWith(file));
  const next = ZERO_FILES[now + 1];
  return next === undefined ? undefined : rung('zero', { deepspeed: next });
};

const subBatchOf = (read: Settings): number => {
  const passages = microBatch(read) * groupOf(read);
  return Math.min(passages, read.number('sub_batch_size') ?? passages);
};
const quarter = (read: Settings): number => Math.max(1, Math.floor(subBatchOf(read) / 4));

const subBatch: Try = (_, read) =>
  subBatchOf(read) <= 1 ? undefined : rung('sub-batch', { sub_batch_size: quarter(read) });

const fewerNegatives: Try = (input, read) => {
  const found = halfBatch(input, read);
  return found && { ...found, keepsBatch: false };
};

const LEAST_GROUP = 2;
const group: Try = (_, read) => {
  const now = groupOf(read);
  if (now <= LEAST_GROUP) return undefined;
  return rung('group', { train_group_size: Math.max(LEAST_GROUP, Math.floor(now / 2)) }, { keepsBatch: false });
};

const LLM_RUNGS: readonly Try[] = [halfBatch, evalBatch, checkpointing, cutoff, quantise, rank, zero];
const EMBEDDER_RUNGS: readonly Try[] = [checkpointingInParts, subBatch, textLengths, fewerNegatives, group];
