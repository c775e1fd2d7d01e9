import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { InstalledEngine } from '../engines/store.ts';
import { readGgufTemplate } from '../models/gguf/vocabulary.ts';
import { allModels, fileOf, type InstalledModel, installedModel, modelStatus } from '../models/store.ts';
import type { CatalogueEntry } from '../models/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import { hashFile, writeJsonAtomic } from '../platform/files.ts';
import { parseJson } from '../platform/json.ts';
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
  /** What it was made from. */
  source: z.object({ id: z.string(), sha256: z.string() }),
  weights: z.string(),
  tokens: answerSchema,
  madeAt: z.iso.datetime(),
});

type Made = z.infer<typeof manifestSchema>;

/** A base as Transformers reads it. */
export interface TransformersBase {
  readonly folder: string;
  /** sha256 of its weights (of several files: of their hashes). */
  readonly weights: string;
  /** How the folder was made. */
  readonly recipe: string;
}

/** A folder that is trained on as it came. */
const AS_IT_IS = 'as it is';
const FLOAT32_RECIPE = 'to-float32-1';

/** Where the base as Transformers reads it is, or will be once it is made. */
export function transformersFolder(paths: WorkspacePaths, id: string): string {
  const made = madeFolder(paths, id);
  if (existsSync(path.join(made, 'manifest.json'))) return made;
  // A model may have been taken from the list while it is served.
  const entry = allModels(paths).find((one) => one.id === id);
  return entry && isTransformers(entry) ? modelStatus(paths, id).folder : made;
}

/** A model that came as a folder in Transformers' layout, not as GGUF. */
export const isTransformers = ({ files }: Pick<CatalogueEntry, 'files'>): boolean =>
  files.some(({ name }) => name === 'config.json');

const madeFolder = (paths: WorkspacePaths, id: string): string => path.join(paths.models, `${id}-hf`);

const templates = new Map<string, ModelTemplate>();

/**
 * The chat template of a base, without its weights: of its Transformers folder, or of its GGUF where that is not made
 * yet. Undefined while the base is not on this disk. Quick from the second time on. Errors: `not-found`, `unsupported`
 * for a model without one.
 */
export function baseTemplate(paths: WorkspacePaths, id: string): ModelTemplate | undefined {
  const place = templatePlace(paths, id);
  if (!place) return undefined;
  const known = markOf(place);
  const found = templates.get(known) ?? ('file' in place ? fromGguf(place.file) : folderTemplate(place.folder));
  if (!found) {
    throw new RagtuiError(
      'unsupported',
      `${'file' in place ? place.file : place.folder} has no chat template: it is no instruct model.`,
      'Take another base.',
    );
  }
  templates.set(known, found);
  return found;
}

/** Changes with the files that a base's chat template and shape are read from; undefined while it is not on this disk. Quick. */
export function baseMark(paths: WorkspacePaths, id: string): string | undefined {
  const place = templatePlace(paths, id);
  return place && markOf(place);
}

type TemplatePlace = { readonly file: string } | { readonly folder: string };

function templatePlace(paths: WorkspacePaths, id: string): TemplatePlace | undefined {
  if (modelStatus(paths, id).state !== 'present') return undefined;
  const folder = transformersFolder(paths, id);
  if (existsSync(path.join(folder, 'tokenizer_config.json'))) return { folder };
  return { file: fileOf(installedModel(paths, id), 'model.gguf') };
}

const TEMPLATE_FILES = ['config.json', 'tokenizer_config.json', 'chat_template.jinja', 'tokenizer.json'];

function markOf(place: TemplatePlace): string {
  const files = 'file' in place ? [place.file] : TEMPLATE_FILES.map((name) => path.join(place.folder, name));
  return files
    .map((file) => {
      const found = statSync(file, { throwIfNoEntry: false });
      return `${file}:${found?.size}:${found?.mtimeMs}`;
    })
    .join('\n');
}

function fromGguf(file: string): ModelTemplate | undefined {
  const { source, bos, eos } = readGgufTemplate(file);
  return source === undefined ? undefined : { source, special: { all: [], bos, eos }, from: file };
}

export interface BaseOptions extends ScriptOptions {
  /** The weights must be float32: a CPU without bfloat16 is some twenty times slower on others. */
  readonly float32?: boolean;
}

/**
 * The base as Transformers reads it. A GGUF is made into a folder once (float32, with its own special tokens and chat
 * template; about a minute) and kept beside the models; a folder is used in place, or copied once as float32 where that
 * is asked for. `engine` is only looked up when something must be made. Throws `unavailable` when it is not pulled.
 */
export async function transformersBase(
  paths: WorkspacePaths,
  id: string,
  engine: () => InstalledEngine,
  options: BaseOptions = {},
): Promise<TransformersBase> {
  const found = baseOf(paths, id, options);
  return 'folder' in found ? found : make(paths, id, engine, options, found);
}

/** Whether an engine of this machine is needed before a base is ready. Errors: `unavailable` when it is not pulled. */
export function mustBeMade(paths: WorkspacePaths, id: string, options: Pick<BaseOptions, 'float32'>): boolean {
  const found = baseOf(paths, id, options);
  return !('folder' in found) && !isMade(readManifest(madeFolder(paths, id)), found);
}

/** A base that is ready as it came, or what must be made of it. */
function baseOf(
  paths: WorkspacePaths,
  id: string,
  { float32 }: Pick<BaseOptions, 'float32'>,
): TransformersBase | Making {
  const model = installedModel(paths, id);
  if (model.entry.kind !== 'chat') {
    throw new RagtuiError(
      'usage',
      `"${id}" is no LLM but a model of kind ${model.entry.kind}.`,
      'Choose another --base.',
    );
  }
  if (!isTransformers(model.entry)) {
    const gguf = { file: fileOf(model, 'model.gguf'), sha256: model.sha256['model.gguf'] ?? '' };
    return { ...gguf, recipe: BASE_RECIPE, script: 'gguf_to_transformers' };
  }
  const sha256 = weightsHash(model);
  if (!float32 || weightsDtype(model.folder) === 'float32') {
    return { folder: model.folder, weights: sha256, recipe: AS_IT_IS };
  }
  return { file: model.folder, sha256, recipe: FLOAT32_RECIPE, script: 'to_float32' };
}

interface Making {
  /** The GGUF, or the folder. */
  readonly file: string;
  readonly sha256: string;
  readonly recipe: string;
  readonly script: string;
}

async function make(
  paths: WorkspacePaths,
  id: string,
  engine: () => InstalledEngine,
  options: BaseOptions,
  making: Making,
): Promise<TransformersBase> {
  const { file, sha256, recipe, script } = making;
  const folder = madeFolder(paths, id);
  const unlock = await lockFile(`${folder}.lock`, options.signal ? { signal: options.signal } : {});
  try {
    const made = readManifest(folder);
    if (isMade(made, making)) return { ...made, folder };
    if (made) options.onLog?.(`${path.basename(folder)} is of an older recipe or other weights: made anew`);
    options.onLog?.(`Making ${path.basename(folder)} of ${path.basename(file)} (once; about a minute)`);
    const staging = `${folder}.new`;
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { recursive: true, mode: 0o700 });
    const tokens = await runScript(engine(), script, [file, staging], answerSchema, options);
    for (const [what, [derived, right]] of Object.entries(tokens.corrected)) {
      options.onLog?.(`Corrected ${what}: Transformers derived ${derived ?? 'none'}, the GGUF says ${right ?? 'none'}`);
    }
    const manifest = {
      version: 1 as const,
      recipe,
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

const isMade = (made: Made | undefined, { sha256, recipe }: Making): made is Made =>
  made?.source.sha256 === sha256 && made.recipe === recipe;

function weightsHash({ sha256 }: InstalledModel): string {
  const weights = Object.keys(sha256)
    .filter((name) => name.endsWith('.safetensors'))
    .sort();
  const [first = ''] = weights;
  if (weights.length === 1) return sha256[first] ?? '';
  return createHash('sha256')
    .update(weights.map((name) => `${name} ${sha256[name] ?? ''}\n`).join(''))
    .digest('hex');
}

const dtypeSchema = z.looseObject({ dtype: z.string().optional(), torch_dtype: z.string().optional() });

/** The numbers of a folder's weights, as its config.json says; undefined where it does not. */
function weightsDtype(folder: string): string | undefined {
  const config = dtypeSchema.safeParse(parseJson(readFileSync(path.join(folder, 'config.json'), 'utf8')));
  return config.data?.dtype ?? config.data?.torch_dtype;
}

function readManifest(folder: string): Made | undefined {
  const file = path.join(folder, 'manifest.json');
  if (!existsSync(file)) return undefined;
  try {
    return manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
