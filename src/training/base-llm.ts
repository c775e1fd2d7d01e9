import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { InstalledEngine } from '../engines/store.ts';
import { readGgufTemplate } from '../models/gguf/vocabulary.ts';
import { fileOf, installedModel, modelStatus } from '../models/store.ts';
import { RagtuiError } from '../platform/errors.ts';
import { hashFile, writeJsonAtomic } from '../platform/files.ts';
import { lockFile } from '../platform/lock.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { runScript, type ScriptOptions } from './script.ts';
import { folderTemplate, type ModelTemplate } from './serving-chat.ts';

/** Changes when the script makes another folder of the same GGUF. */
export const BASE_RECIPE = 'gguf-to-transformers-2';

const answerSchema = z.object({
  bos_token_id: z.number().int().optional(),
  eos_token_id: z.number().int().optional(),
  pad_token_id: z.number().int().optional(),
  /** What Transformers had derived, and what the GGUF says. */
  corrected: z.record(z.string(), z.array(z.union([z.string(), z.number(), z.null()]))),
  parameters: z.number().int(),
});

const manifestSchema = z.object({
  version: z.literal(1),
  recipe: z.string(),
  /** The GGUF it was made from. */
  source: z.object({ id: z.string(), sha256: z.string() }),
  weights: z.string(),
  tokens: answerSchema,
  madeAt: z.iso.datetime(),
});
export type TransformersBase = z.infer<typeof manifestSchema> & { readonly folder: string };

export const transformersFolder = (paths: WorkspacePaths, id: string): string => path.join(paths.models, `${id}-hf`);

const templates = new Map<string, ModelTemplate>();

/**
 * The chat template of a base, without its weights: of its Transformers folder, or of its GGUF where that is not made
 * yet. Undefined while the base is not on this disk. Quick from the second time on. Errors: `not-found`, `unsupported`
 * for a model without one.
 */
export function baseTemplate(paths: WorkspacePaths, id: string): ModelTemplate | undefined {
  if (modelStatus(paths, id).state !== 'present') return undefined;
  const folder = transformersFolder(paths, id);
  const made = existsSync(path.join(folder, 'manifest.json'));
  const file = made ? undefined : fileOf(installedModel(paths, id), 'model.gguf');
  const place = file ?? folder;
  const known = `${place}:${statSync(place).mtimeMs}`;
  const found = templates.get(known) ?? (file ? fromGguf(file) : folderTemplate(folder));
  if (!found) {
    throw new RagtuiError(
      'unsupported',
      `${place} has no chat template: it is no instruct model.`,
      'Take another base.',
    );
  }
  templates.set(known, found);
  return found;
}

function fromGguf(file: string): ModelTemplate | undefined {
  const { source, bos, eos } = readGgufTemplate(file);
  return source === undefined ? undefined : { source, special: { all: [], bos, eos }, from: file };
}

/**
 * The base as Transformers reads it: made once from the model's GGUF, float32, with the GGUF's own special tokens and
 * chat template (about a minute), then kept beside the models. Throws `unavailable` when the base is not pulled.
 */
export async function transformersBase(
  paths: WorkspacePaths,
  id: string,
  engine: InstalledEngine,
  options: ScriptOptions = {},
): Promise<TransformersBase> {
  const model = installedModel(paths, id);
  if (model.entry.kind !== 'chat') {
    throw new RagtuiError(
      'usage',
      `"${id}" is no LLM but a model of kind ${model.entry.kind}.`,
      'Choose another --base.',
    );
  }
  const gguf = fileOf(model, 'model.gguf');
  const sha256 = model.sha256['model.gguf'] ?? '';
  const folder = transformersFolder(paths, id);
  const unlock = await lockFile(`${folder}.lock`, options.signal ? { signal: options.signal } : {});
  try {
    const made = readManifest(folder);
    if (made?.source.sha256 === sha256 && made.recipe === BASE_RECIPE) return { ...made, folder };
    if (made) options.onLog?.(`${path.basename(folder)} is of an older recipe or another GGUF: made anew`);
    options.onLog?.(`Making ${path.basename(folder)} of ${path.basename(gguf)} (once; about a minute)`);
    const staging = `${folder}.new`;
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { recursive: true, mode: 0o700 });
    const tokens = await runScript(engine, 'gguf_to_transformers', [gguf, staging], answerSchema, options);
    for (const [what, [derived, right]] of Object.entries(tokens.corrected)) {
      options.onLog?.(`Corrected ${what}: Transformers derived ${derived ?? 'none'}, the GGUF says ${right ?? 'none'}`);
    }
    const manifest = {
      version: 1 as const,
      recipe: BASE_RECIPE,
      source: { id, sha256 },
      weights: await hashFile(path.join(staging, 'model.safetensors'), options.signal),
      tokens,
      madeAt: new Date().toISOString(),
    };
    writeJsonAtomic(path.join(staging, 'manifest.json'), manifest);
    rmSync(folder, { recursive: true, force: true });
    renameSync(staging, folder);
    return { ...manifest, folder };
  } finally {
    unlock();
  }
}

function readManifest(folder: string): z.infer<typeof manifestSchema> | undefined {
  const file = path.join(folder, 'manifest.json');
  if (!existsSync(file)) return undefined;
  try {
    return manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
