import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../engines/command.ts';
import { engineEnvironment } from '../engines/definitions.ts';
import { installedEngine } from '../engines/store.ts';
import { convertLora } from '../models/gguf/lora.ts';
import { convertModel, type ModelConversion } from '../models/gguf/model.ts';
import { installedModel, listAdapters, tunedModels } from '../models/store.ts';
import type { Adapter } from '../models/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import { writeTextAtomic } from '../platform/files.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { trainingFault } from './failures/fault.ts';
import type { ScriptOptions } from './script.ts';
import { toYaml } from './yaml.ts';

export const EXPORT_FORMATS = ['merged', 'gguf-adapter', 'gguf'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface LlmExport {
  readonly name: string;
  /** Folder to write into; made when it is not there. */
  readonly to: string;
  readonly format: ExportFormat;
  /** Of the GGUF. */
  readonly dtype: ModelConversion['dtype'];
}

/**
 * Writes a tune for use elsewhere and returns the file or folder: merged into its base (Transformers' layout, by
 * LLaMA-Factory: about a minute), merged as GGUF, or the adapter alone as GGUF. Never over what is there. Errors:
 * `not-found`, `exists`, `unsupported`, `unavailable` (the engine).
 */
export async function exportLlm(
  paths: WorkspacePaths,
  wanted: LlmExport,
  options: ScriptOptions = {},
): Promise<string> {
  const target = targetOf(wanted);
  if (existsSync(target)) {
    throw new RagtuiError('exists', `${target} is there already.`, 'Name another folder with --to, or remove it.');
  }
  const adapter = listAdapters(paths).find(({ name }) => name === wanted.name);
  const model = tunedModels(paths).get(wanted.name);
  if (!adapter && !model) {
    throw new RagtuiError(
      'not-found',
      `No adapter or tuned model is called "${wanted.name}".`,
      'See `ragtui models list`.',
    );
  }
  mkdirSync(wanted.to, { recursive: true });
  if (adapter) await exportAdapter(paths, adapter, wanted, target, options);
  else if (model) exportModel(paths, wanted, target, model.base);
  return target;
}

function targetOf({ name, to, format, dtype }: LlmExport): string {
  const ends = { merged: '-merged', 'gguf-adapter': '-adapter.gguf', gguf: `-${dtype}.gguf` };
  return path.join(path.resolve(to), `${name}${ends[format]}`);
}

async function exportAdapter(
  paths: WorkspacePaths,
  adapter: Adapter,
  { format, dtype }: LlmExport,
  target: string,
  options: ScriptOptions,
): Promise<void> {
  if (format === 'gguf-adapter') {
    convertLora({ adapter: adapter.path, base: ggufOf(paths, adapter.base), out: target });
    return;
  }
  // Before the merging, which takes a minute.
  const base = format === 'gguf' ? ggufOf(paths, adapter.base) : undefined;
  const scratch = mkdtempSync(path.join(path.dirname(target), '.export-'));
  try {
    const merged = path.join(scratch, 'merged');
    await merge(paths, adapter, { scratch, merged }, options);
    if (base === undefined) cpSync(merged, target, { recursive: true });
    else convertModel({ folder: merged, base, out: target, dtype });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function exportModel(paths: WorkspacePaths, { name, format, dtype }: LlmExport, target: string, base: string): void {
  const { folder } = installedModel(paths, name);
  if (format === 'gguf-adapter') {
    throw new RagtuiError('unsupported', `${name} is a whole model, not an adapter.`, 'Take --format gguf or merged.');
  }
  if (format === 'gguf') convertModel({ folder, base: ggufOf(paths, base), out: target, dtype });
  else {
    mkdirSync(target);
    for (const file of readdirSync(folder).filter((one) => !one.endsWith('.gguf'))) {
      cpSync(path.join(folder, file), path.join(target, file));
    }
  }
}

/** LLaMA-Factory writes its own template's words beside the weights: the base's tokenizer and chat template stay. */
const OF_THE_BASE = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja', 'generation_config.json'];

async function merge(
  paths: WorkspacePaths,
  adapter: Adapter,
  { scratch, merged }: { scratch: string; merged: string },
  options: ScriptOptions,
): Promise<void> {
  const engine = installedEngine(paths, 'llamafactory');
  options.onLog?.('LLaMA-Factory merges the adapter into its base (about a minute)');
  const yaml = path.join(scratch, 'export.yaml');
  writeTextAtomic(
    yaml,
    toYaml({
      model_name_or_path: adapter.basePath,
      adapter_name_or_path: adapter.path,
      template: adapter.template,
      finetuning_type: 'lora',
      export_dir: merged,
      export_size: 5,
      export_device: 'cpu',
      trust_remote_code: false,
    }),
  );
  const { code, stderr } = await runCommand(engine.python, ['-m', 'llamafactory.cli', 'export', yaml], {
    env: engineEnvironment('llamafactory', engine.device),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (code !== 0) throw trainingFault('LLaMA-Factory', { code, signal: null }, stderr);
  for (const name of OF_THE_BASE) {
    const file = path.join(adapter.basePath, name);
    if (existsSync(file)) cpSync(file, path.join(merged, name));
  }
}

function ggufOf(paths: WorkspacePaths, base: string): string {
  const file = installedModel(paths, base).files['model.gguf'];
  if (file) return file;
  throw new RagtuiError(
    'unsupported',
    `The base ${base} came without a GGUF, whose vocabulary and shape would be needed.`,
    'Take --format merged.',
  );
}
