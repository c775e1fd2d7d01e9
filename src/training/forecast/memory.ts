import { type Batch, longestBatches } from './batches.ts';
import { type Method, methodOf, rankOf, targetsOf, trainedBlocks } from './parameters.ts';
import { Settings } from './settings.ts';
import {
  type ForecastInput,
  MEMORY_PARTS,
  type MemoryForecast,
  type MemoryPart,
  type ModelShape,
  type ParametersForecast,
} from './types.ts';

type Parts = Record<MemoryPart, number>;

/**
 * Bytes at the moment when most is needed: training (all activations kept, then the logits and their gradients),
 * evaluation (its batch is another, LLaMA-Factory's default is eight rows; nothing is kept but its logits are there), or
 * loading.
 * Sources: states and gradients, ZeRO (Rajbhandari et al. 2020, §3); activations by block and checkpointing,
 * Korthikanti et al. 2022, §4, counted anew for the layers of Llama and BERT as Transformers 5.6 writes them; 4-bit
 * weights, QLoRA (Dettmers et al. 2023, §3). The constants of `CONSTANTS` are measured: docs/forecast.md.
 */
export function forecastMemory(
  input: ForecastInput,
  shape: ModelShape,
  parameters: ParametersForecast,
): MemoryForecast {
  const moments = [
    { moment: 'training' as const, parts: whileTraining(input, shape, parameters) },
    ...(evaluatesAtAll(input)
      ? [{ moment: 'evaluation' as const, parts: whileEvaluating(input, shape, parameters) }]
      : []),
    { moment: 'loading' as const, parts: whileLoading(input, shape, parameters) },
  ].map((one) => ({ ...one, peak: MEMORY_PARTS.reduce((sum, part) => sum + one.parts[part], 0) }));
  const [first, ...others] = moments;
  const most = others.reduce((a, b) => (b.peak > a.peak ? b : a), first ?? emptyMoment);
  return { where: input.device === 'cuda' ? 'gpu' : 'host', ...most };
}

const emptyMoment = { moment: 'training' as const, parts: zero(), peak: 0 };
function zero(): Parts {
  return { runtime: 0, weights: 0, gradients: 0, optimizer: 0, activations: 0, logits: 0 };
}

/** Measured on this product's machines; docs/forecast.md has the runs. Bytes, or plain factors. */
export const CONSTANTS = {
  /** Python with the engine's imports, resident, before any weight. */
  cpuRuntime: { llamafactory: 960_000_000, flagembedding: 1_130_000_000 },
  /** CUDA context, kernels and cuBLAS workspace of one process; from NVIDIA's own figures, not measured here. */
  gpuRuntime: 900_000_000,
  /** The C allocator keeps freed pieces between those in use; CUDA's rounds up (2 MiB blocks). */
  cpuSlack: 1.25,
  gpuSlack: 1.1,
  /** Copies of the logits in float32 at once: themselves, their softmax, and gradients on the way back. */
  logitsCopies: { cpu: 6.85, cuda: 4 },
  evalLogitsCopies: 3,
  /** An encoder's attention weights, kept where dropout rules the fused kernel out. */
  attentionCopies: 2.7,
} as const;

interface Widths {
  /** Bytes of a number in activations, and of a stored weight that is not trained. */
  readonly compute: number;
  /** Of a weight that is trained, its gradient and each of its two averages. */
  readonly trained: number;
}

/** Compute type by LLaMA-Factory's flags: float32 on a CPU, else half unless neither is asked (it takes float16 then too). */
function widths({ engine, settings, device }: ForecastInput): Widths {
  const read = new Settings(settings);
  const half = read.flag('bf16') || read.flag('fp16') || read.flag('pure_bf16');
  if (engine === 'flagembedding') return { compute: half ? 2 : 4, trained: 4 };
  const compute = device === 'cuda' || half ? 2 : 4;
  return { compute, trained: read.flag('pure_bf16') ? 2 : 4 };
}

/** How DeepSpeed spreads states over GPUs (Rajbhandari et al. 2020): the optimizer from 1, gradients from 2, weights at 3. */
function zeroOf(read: Settings): { stage: number; offload: boolean } {
  const [, stage, offload] = /ds_z(\d)(_offload)?/.exec(read.text('deepspeed') ?? '') ?? [];
  return { stage: stage === undefined ? 0 : Number(stage), offload: offload !== undefined };
}

function whileTraining(input: ForecastInput, shape: ModelShape, parameters: ParametersForecast): Parts {
  const state = states(input, shape, parameters);
  const slack = slackOf(input);
  const batches = longestBatches(input);
  const activations = batches.reduce((sum, batch) => sum + activationBytes(input, shape, batch), 0);
  return {
    ...state,
    activations: slack * activations,
    logits: shape.kind === 'decoder' ? logitsBytes(shape, batches, logitsCopies(input)) : 0,
  };
}

const slackOf = ({ device }: ForecastInput): number => (device === 'cuda' ? CONSTANTS.gpuSlack : CONSTANTS.cpuSlack);

/** A preference run has the logits of the reference beside its own. */
const logitsCopies = ({ device, settings }: ForecastInput): number =>
  CONSTANTS.logitsCopies[device] + (settings['stage'] === 'dpo' ? 1 : 0);

function logitsBytes(shape: ModelShape, batches: readonly Batch[], copies: number): number {
  return batches.reduce((sum, { count, length }) => sum + count * length, 0) * shape.vocabulary * 4 * copies;
}

/** What is there whatever is run: runtime, weights, gradients, optimizer. */
function states(input: ForecastInput, shape: ModelShape, parameters: ParametersForecast): Parts {
  const read = new Settings(input.settings);
  const { trained } = widths(input);
  const zeroStage = zeroOf(read);
  const shared = (from: number): number => (zeroStage.stage >= from ? input.gpus : 1);
  const host = zeroStage.offload && zeroStage.stage >= 2;
  const runtime = input.device === 'cuda' ? CONSTANTS.gpuRuntime : CONSTANTS.cpuRuntime[input.engine];
  return {
    runtime,
    weights: host && zeroStage.stage === 3 ? 0 : weightBytes(input, shape, parameters) / shared(3),
    gradients: (parameters.trainable * trained * buckets(input)) / shared(2),
    optimizer: host ? 0 : (parameters.trainable * optimizerBytes(read, trained)) / shared(1),
    activations: 0,
    logits: 0,
  };
}

/** DistributedDataParallel keeps a second copy of the gradients in its buckets. */
const buckets = ({ gpus, settings }: ForecastInput): number =>
  gpus > 1 && zeroOf(new Settings(settings)).stage === 0 ? 2 : 1;

/** AdamW keeps two averages of the width of the weight; others by their names in Transformers' `optim`. */
function optimizerBytes(read: Settings, trained: number): number {
  const name = read.text('optim') ?? 'adamw_torch';
  if (/8bit/.test(name)) return 2;
  if (/adafactor/.test(name)) return 0.1;
  if (/^sgd/.test(name)) return 0;
  return 2 * trained;
}

/** Bits of a 4-bit weight with its scales: one for 64, themselves in 8 bits (QLoRA §3). */
const SCALE_BITS = 0.127;

function weightBytes(input: ForecastInput, shape: ModelShape, { all, trainable }: ParametersForecast): number {
  const read = new Settings(input.settings);
  const { compute, trained } = widths(input);
  const method = methodOf(input);
  const bits = method === 'lora' ? read.number('quantization_bit') : undefined;
  // Half-precision training of whole weights: they are float32, and autocast keeps a copy of each in its own width.
  const own = trainable * (trained + (trained > compute ? (method === 'lora' ? 0 : compute) : 0));
  const frozen = all - trainable + (hasReference(read, method) ? all : 0);
  if (bits === undefined) return own + frozen * compute;
  const quantised = shape.linears.reduce((sum, linear) => sum + linear.in * linear.out, 0);
  return own + (quantised * (bits + SCALE_BITS)) / 8 + Math.max(0, frozen - quantised) * compute;
}

/** A preference run compares with the untrained model: under LoRA that is the base without its adapter, else a copy. */
const hasReference = (read: Settings, method: Method): boolean =>
  read.text('stage') === 'dpo' && method !== 'lora' && !['orpo', 'simpo'].includes(read.text('pref_loss') ?? 'sigmoid');

/** What one batch keeps for the way back. With checkpointing: the input of each block, and one block whole. */
function activationBytes(input: ForecastInput, shape: ModelShape, batch: Batch): number {
  const { compute } = widths(input);
  const tokens = batch.count * batch.length;
  const block = tokens * blockNumbers(input, shape, batch) * compute;
  if (checkpoints(input)) {
    if (input.device === 'cpu' && shape.kind === 'encoder') return block * shape.layers * heldShare(input, batch);
    return tokens * shape.hidden * compute * shape.layers + block;
  }
  return block * keptLayers(input, shape);
}

/**
 * Measured, not derived: on a CPU the blocks that FlagEmbedding computes again leave freed memory with the process, and
 * only smaller sub-batches spare it (docs/forecast.md: 92 % of the activations with 32 texts at once, 42 % with 4).
 */
function heldShare({ settings }: ForecastInput, { count }: Batch): number {
  const atOnce = Math.min(count, new Settings(settings).number('sub_batch_size') ?? count);
  return 0.35 + 0.57 * (atOnce / count);
}

/** LLaMA-Factory checkpoints unless told not to, FlagEmbedding when told to. */
export function checkpoints({ engine, settings }: Pick<ForecastInput, 'engine' | 'settings'>): boolean {
  const read = new Settings(settings);
  return engine === 'llamafactory' ? !read.flag('disable_gradient_checkpointing') : read.flag('gradient_checkpointing');
}

/** Below the first block that is trained nothing has to be kept. */
function keptLayers(input: ForecastInput, shape: ModelShape): number {
  if (methodOf(input) !== 'freeze') return shape.layers;
  const read = new Settings(input.settings);
  return (read.number('freeze_trainable_layers') ?? 2) >= 0 ? trainedBlocks(read, shape).length : shape.layers;
}

/**
 * Numbers that one block keeps for each token. Llama: both norms keep their input and give one more, queries, keys and
 * values (repeated to all heads), the attention's result twice (heads apart, and joined), four times the inner width
 * (gate, its silu, up, their product). BERT: input, queries, keys, values, attention's result, two sums before the
 * norms with dropout marks, norms, inner width before and after gelu, and with dropout the attention's weights.
 */
function blockNumbers(input: ForecastInput, shape: ModelShape, { length }: Batch): number {
  const { hidden, intermediate, heads, headSize } = shape;
  const attention = heads * headSize;
  if (shape.kind === 'encoder') return 9 * hidden + 2 * intermediate + CONSTANTS.attentionCopies * heads * length;
  const read = new Settings(input.settings);
  const method = methodOf(input);
  const norms = method === 'lora' ? 4 * hidden : 6 * hidden;
  const adapters = method === 'lora' ? (targetsOf(read, shape).length / shape.layers) * rankOf(read) : 0;
  return norms + 5 * attention + 4 * intermediate + adapters;
}

/** Transformers' own default. */
export const EVAL_BATCH = 8;

/** Whether rows are kept apart and evaluated during the training. */
export function evaluatesAtAll({ engine, settings }: Pick<ForecastInput, 'engine' | 'settings'>): boolean {
  const read = new Settings(settings);
  const asked = (read.text('eval_strategy') ?? 'no') !== 'no';
  return engine === 'llamafactory' && asked && (read.number('val_size') ?? 0) > 0;
}

function whileEvaluating(input: ForecastInput, shape: ModelShape, parameters: ParametersForecast): Parts {
  const read = new Settings(input.settings);
  const [batch] = longestBatches(input);
  const rows = read.number('per_device_eval_batch_size') ?? EVAL_BATCH;
  const one = { count: rows, length: batch?.length ?? 0 };
  return {
    ...states(input, shape, parameters),
    activations:
      (slackOf(input) * one.count * one.length * blockNumbers(input, shape, one) * widths(input).compute) / 2,
    logits: logitsBytes(shape, [one], CONSTANTS.evalLogitsCopies),
  };
}

/** The file is read beside the weights made of it; on a GPU this happens in the host's memory. */
function whileLoading(input: ForecastInput, shape: ModelShape, parameters: ParametersForecast): Parts {
  const { runtime, weights } = states(input, shape, parameters);
  return { ...zero(), runtime, weights: input.device === 'cpu' ? weights + shape.storedBytes : weights };
}
