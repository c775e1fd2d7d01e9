import type { CatalogueEntry } from '../../models/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { ServeEngine, ServeWork } from '../types.ts';
import { poolingWeights } from '../vllm/pooling.ts';

type Embedder = Extract<CatalogueEntry, { kind: 'embedder' | 'embedder-base' }>;

export const isEmbedder = (entry: CatalogueEntry): entry is Embedder =>
  entry.kind === 'embedder' || entry.kind === 'embedder-base';

/**
 * What a serve job has to do for an embedder. Errors: `usage` for what only chat models have, or the wrong engine;
 * `unsupported` for weights of another form.
 */
export function planEmbedder(
  paths: WorkspacePaths,
  entry: Embedder,
  { engine = 'onnx', adapters }: { readonly engine?: ServeEngine; readonly adapters: readonly string[] },
): ServeWork {
  if (adapters.length > 0) {
    throw new RagtuiError(
      'usage',
      `${entry.id} is an embedder: adapters ride on chat models.`,
      'A tuned embedder is a model of its own: deploy it by its name.',
    );
  }
  if (engine === 'llama') {
    throw new RagtuiError('usage', `${entry.id} is an embedder; llama serves chat models.`, 'Leave --engine out.');
  }
  if (entry.kind === 'embedder-base' && engine === 'onnx') {
    throw new RagtuiError(
      'unsupported',
      `${entry.id} is there to train on, as torch weights; our runtime wants ONNX.`,
      'A fine-tune exports it beside its tune (NAME-exported); or serve it with --engine vllm.',
    );
  }
  return {
    engine,
    runner: 'pooling',
    model: entry.id,
    contextTokens: entry.embedder.maxTokens,
    idleMinutes: 0,
    adapters: [],
    kvCacheGiB: 1,
    ...(engine === 'vllm' ? { weights: poolingWeights(paths, entry.id) } : {}),
  };
}
