import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkAdapterConfig, convertLora, readAdapterConfig } from '../models/gguf/lora.ts';
import { addAdapter } from '../models/own.ts';
import { allModels, installedModel, modelStatus } from '../models/store.ts';
import type { Adapter } from '../models/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { transformersFolder } from './base-llm.ts';
import { isWholeSafetensors } from './final-save.ts';
import { templateFor } from './llm-plan.ts';

export interface BroughtAdapter {
  readonly name: string;
  /** Folder as peft writes it. */
  readonly path: string;
  /** Id of its base; absent: the model whose folder or name its adapter_config.json has. */
  readonly base?: string;
  /** System text it was trained with, if that is known. */
  readonly system?: string;
}

/**
 * Adds an adapter that was trained elsewhere; it stays where it is. What no server would load is refused with the reason,
 * and so is one of another base's shape. Errors: `not-found`, `usage` (no base), `unsupported`, `invalid`, `corrupt`, `exists`.
 */
export async function bringAdapter(
  paths: WorkspacePaths,
  { name, path: place, base: named, system }: BroughtAdapter,
  signal?: AbortSignal,
): Promise<Adapter> {
  const folder = path.resolve(place);
  const config = readAdapterConfig(folder);
  checkAdapterConfig(config);
  const weights = path.join(folder, 'adapter_model.safetensors');
  if (existsSync(weights) && !isWholeSafetensors(weights)) {
    throw new RagtuiError('corrupt', `${weights} is cut off.`, 'Copy it again from where it was made.');
  }
  const base = named ?? baseOf(paths, config.base_model_name_or_path ?? '');
  const { entry } = modelStatus(paths, base);
  if (entry.kind !== 'chat') throw new RagtuiError('usage', `"${base}" is no LLM.`, 'Name another --base.');
  checkFits(paths, base, folder);
  const template = templateFor(paths, { base, ...(system === undefined ? {} : { system }) });
  return addAdapter(
    paths,
    {
      name,
      base,
      path: folder,
      basePath: transformersFolder(paths, base),
      rank: config.r,
      alpha: config.lora_alpha,
      template: template?.name ?? '',
      templateSystem: system ?? '',
      lineage: { brought: true, baseAsTold: config.base_model_name_or_path ?? '' },
    },
    signal,
  );
}

/** The model an adapter says it was trained on: its folder, or the last part of that path or hub name as an id. */
function baseOf(paths: WorkspacePaths, told: string): string {
  const ids = allModels(paths).flatMap(({ id, kind }) => (kind === 'chat' ? [id] : []));
  const last = path.basename(told).toLowerCase();
  const found =
    ids.find((id) => told !== '' && path.resolve(told) === path.resolve(transformersFolder(paths, id))) ??
    ids.find((id) => last === id || last === `${id}-hf`);
  if (found) return found;
  throw new RagtuiError(
    'usage',
    `The adapter says it was trained on "${told}", which is no model here.`,
    `Name its base with --base. LLMs here: ${ids.join(', ')}.`,
  );
}

/** Converts it once for nothing: shapes and layers of another base are noticed now, not when it is asked. */
function checkFits(paths: WorkspacePaths, base: string, folder: string): void {
  if (modelStatus(paths, base).state !== 'present') return;
  const gguf = installedModel(paths, base).files['model.gguf'];
  if (gguf === undefined) return;
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'ragtui-adapter-'));
  try {
    convertLora({ adapter: folder, base: gguf, out: path.join(scratch, 'adapter.gguf') });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
