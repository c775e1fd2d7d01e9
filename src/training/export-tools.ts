import { z } from 'zod';
import type { InstalledEngine } from '../engines/store.ts';
import type { EmbedderConfig } from '../models/types.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import { runScript, type ScriptOptions } from './script.ts';

export interface OnnxRequest {
  /** Folder with the torch weights. */
  readonly source: string;
  /** The folder that `export_onnx.py` fills. */
  readonly target: string;
  readonly embedder: Pick<EmbedderConfig, 'pooling' | 'normalize' | 'maxTokens'>;
  /** Texts whose vectors torch computes, for `reference.json`. */
  readonly texts: readonly string[];
}

/** What an export needs FlagEmbedding for, on the machine that has it. Folders and files are named as they are here. */
export interface ExportTools {
  /** Of the engine that exports. */
  readonly versions: InstalledEngine['versions'];
  onnx(request: OnnxRequest, options: ScriptOptions): Promise<{ readonly opset: number }>;
  /** int8 weights of a `model.onnx` that `onnx` made. */
  int8(source: string, target: string, options: ScriptOptions): Promise<{ readonly onnxruntime: string }>;
  /** Nothing more is asked of it. */
  close(): Promise<void>;
}

export const onnxAnswer = z.object({
  inputs: z.array(z.string()),
  opset: z.number().int(),
  dimension: z.number().int(),
});
export const int8Answer = z.object({ onnxruntime: z.string(), bytes: z.number() });

/** The request as the script reads it. */
export const onnxTask = ({ source, target, embedder, texts }: OnnxRequest): object => ({
  model: source,
  target,
  pooling: embedder.pooling,
  normalize: embedder.normalize,
  maxTokens: embedder.maxTokens,
  texts,
});

/** By the engine of this machine; `scratch`: where the request for the script is written. */
export const localTools = (engine: InstalledEngine, scratch: string): ExportTools => ({
  versions: engine.versions,
  onnx: (request, options) => {
    writeJsonAtomic(scratch, onnxTask(request));
    return runScript(engine, 'export_onnx', [scratch], onnxAnswer, options);
  },
  int8: (source, target, options) => runScript(engine, 'quantize_onnx', [source, target], int8Answer, options),
  close: async () => {},
});
