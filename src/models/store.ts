import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { errnoOf, RagtuiError, toRagtuiError } from '../platform/errors.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import { lockFile } from '../platform/lock.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { CATALOGUE } from './catalogue.ts';
import {
  type Adapter,
  adapterSchema,
  type CatalogueEntry,
  catalogueEntrySchema,
  type Endpoint,
  endpointSchema,
  lineageSchema,
  type ModelStatus,
} from './types.ts';

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** `models/<id>/manifest.json`: written last, so its presence means every file is whole. */
const manifestSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  pulledAt: z.iso.datetime(),
  files: z.array(
    z.object({
      name: z.string(),
      bytes: z.number().int().positive(),
      sha256: sha256Schema,
      /** In words, for a person. */
      source: z.string(),
      /** How the file was made, when it is not as it came. */
      recipe: z.string().optional(),
    }),
  ),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** A model on the user's own disk: stays where it is, named by what it was when it was added. */
const localModelSchema = z.object({
  entry: catalogueEntrySchema,
  folder: z.string(),
  files: z.array(
    z.object({ name: z.string(), path: z.string(), bytes: z.number(), mtimeMs: z.number(), sha256: sha256Schema }),
  ),
  /** Of an LLM that was tuned here, all of it: what it came from and how it is asked. */
  tuned: z
    .object({
      base: z.string(),
      template: z.string(),
      templateSystem: z.string(),
      lineage: lineageSchema,
    })
    .optional(),
});
export type LocalModel = z.infer<typeof localModelSchema>;

const ownModelsSchema = z.object({
  version: z.literal(1),
  /** Entries written by hand: any hub repository, package or folder, in the form of the built-in catalogue. */
  catalogue: z.array(catalogueEntrySchema).default([]),
  models: z.array(localModelSchema).default([]),
  endpoints: z.array(endpointSchema).default([]),
  adapters: z.array(adapterSchema).default([]),
});
export type OwnModels = z.infer<typeof ownModelsSchema>;

/** A model that is whole on this disk. `sha256` and `files` by the names of the catalogue (`model.onnx`, `tokenizer.json`, `model.gguf`). */
export interface InstalledModel {
  readonly entry: CatalogueEntry;
  readonly folder: string;
  readonly files: Readonly<Record<string, string>>;
  readonly sha256: Readonly<Record<string, string>>;
}

/** Where a pulled model lies. */
export const modelFolder = (paths: WorkspacePaths, id: string): string => path.join(paths.models, id);
/** Where a model lies, pulled or of the person's own; it need not be there yet. */
export const folderOfModel = (paths: WorkspacePaths, id: string): string =>
  readOwnModels(paths).models.find(({ entry }) => entry.id === id)?.folder ?? modelFolder(paths, id);
export const stagingFolder = (paths: WorkspacePaths, id: string): string => path.join(paths.models, '.staging', id);
export const modelLock = (paths: WorkspacePaths, id: string): string =>
  path.join(paths.models, '.staging', `${id}.lock`);
const ownModelsFile = (paths: WorkspacePaths): string => path.join(paths.home, 'models.json');

/** The user's own models and endpoints (`<home>/models.json`). Throws `corrupt` when the file is not what we wrote. */
export function readOwnModels(paths: WorkspacePaths): OwnModels {
  const file = ownModelsFile(paths);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { version: 1, catalogue: [], models: [], endpoints: [], adapters: [] };
    throw toRagtuiError(error);
  }
  try {
    return ownModelsSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new RagtuiError(
      'corrupt',
      `${file} cannot be read as the list of your own models.`,
      'Correct it, or move it away and add your models again.',
      { cause: error },
    );
  }
}

/** Changes `models.json` under a lock: two commands at once do not lose each other's entries. */
export async function updateOwnModels(paths: WorkspacePaths, change: (own: OwnModels) => OwnModels): Promise<void> {
  const file = ownModelsFile(paths);
  const unlock = await lockFile(`${file}.lock`);
  try {
    writeJsonAtomic(file, ownModelsSchema.parse(change(readOwnModels(paths))));
  } finally {
    unlock();
  }
}

/** The catalogue with the user's own entries and models behind it. */
export function allModels(paths: WorkspacePaths): CatalogueEntry[] {
  const own = readOwnModels(paths);
  return [...CATALOGUE, ...own.catalogue, ...own.models.map((model) => model.entry)];
}

/** The entry called `id`. Throws `not-found`, naming what is there. */
export function findModel(paths: WorkspacePaths, id: string): CatalogueEntry {
  const entries = allModels(paths);
  const entry = entries.find((candidate) => candidate.id === id);
  if (entry) return entry;
  throw new RagtuiError(
    'not-found',
    `There is no model "${id}".`,
    `Known: ${entries.map((one) => one.id).join(', ')}.`,
  );
}

/** Every model with what is on the disk: a few `stat` calls each, no hashing. */
export function listModels(paths: WorkspacePaths): ModelStatus[] {
  const own = readOwnModels(paths);
  return [
    ...[...CATALOGUE, ...own.catalogue].map((entry) => catalogueStatus(paths, entry)),
    ...own.models.map((model): ModelStatus => {
      const total = model.files.reduce((sum, file) => sum + file.bytes, 0);
      const intact = model.files.filter(isUnchanged);
      return {
        entry: model.entry,
        folder: model.folder,
        state: intact.length === model.files.length ? 'present' : 'damaged',
        bytesTotal: total,
        bytesPresent: intact.reduce((sum, file) => sum + file.bytes, 0),
      };
    }),
  ];
}

function catalogueStatus(paths: WorkspacePaths, entry: CatalogueEntry): ModelStatus {
  const folder = modelFolder(paths, entry.id);
  const expected = entry.files.reduce((sum, file) => sum + file.bytes, 0);
  const manifest = readManifest(folder);
  if (manifest) {
    const whole = manifest.files.filter((file) => sizeOf(path.join(folder, file.name)) === file.bytes);
    return {
      entry,
      folder,
      state: whole.length === manifest.files.length ? 'present' : 'damaged',
      bytesTotal: manifest.files.reduce((sum, file) => sum + file.bytes, 0),
      bytesPresent: whole.reduce((sum, file) => sum + file.bytes, 0),
    };
  }
  const present = Math.min(expected, folderBytes(stagingFolder(paths, entry.id)) + folderBytes(folder));
  return { entry, folder, state: present > 0 ? 'partial' : 'absent', bytesTotal: expected, bytesPresent: present };
}

/** The state of one model; throws `not-found` for an unknown id. */
export function modelStatus(paths: WorkspacePaths, id: string): ModelStatus {
  findModel(paths, id);
  const status = listModels(paths).find((candidate) => candidate.entry.id === id);
  if (!status) throw new RagtuiError('internal', `No status for model "${id}".`);
  return status;
}

/** Paths and hashes of a model that is here. Throws `unavailable` when it is absent, `corrupt` when files changed. */
export function installedModel(paths: WorkspacePaths, id: string): InstalledModel {
  const status = modelStatus(paths, id);
  const { entry, folder } = status;
  if (status.state === 'damaged') {
    const own = readOwnModels(paths).models.some((model) => model.entry.id === id);
    throw new RagtuiError(
      'corrupt',
      `The files of model "${id}" in ${folder} are not what they were.`,
      own
        ? `Run "ragtui models remove ${id}" and add it again.`
        : `Run "ragtui models remove ${id}", then "ragtui models pull ${id}".`,
    );
  }
  if (status.state !== 'present') {
    throw new RagtuiError('unavailable', `Model "${id}" is not here yet.`, `Run "ragtui models pull ${id}".`);
  }
  const local = readOwnModels(paths).models.find((model) => model.entry.id === id);
  const files: readonly { name: string; path: string; sha256: string }[] = local
    ? local.files
    : (readManifest(folder)?.files ?? []).map((file) => ({ ...file, path: path.join(folder, file.name) }));
  return {
    entry,
    folder,
    files: Object.fromEntries(files.map((file) => [file.name, file.path])),
    sha256: Object.fromEntries(files.map((file) => [file.name, file.sha256])),
  };
}

/** One file of an installed model, by its catalogue name. */
export function fileOf(model: InstalledModel, name: string): string {
  const file = model.files[name];
  if (!file && name === 'model.gguf' && model.files['config.json']) {
    throw new RagtuiError(
      'unsupported',
      `"${model.entry.id}" is in Transformers' layout: the embedded server reads GGUF alone.`,
      `Serve it with vLLM: ragtui deploy start ${model.entry.id} --engine vllm. Then ask ${model.entry.id}@vllm.`,
    );
  }
  if (!file)
    throw new RagtuiError('corrupt', `Model "${model.entry.id}" has no ${name}.`, 'Remove it and pull it again.');
  return file;
}

/** Deletes a pulled model; of an own model, an adapter or an endpoint only the entry. Throws `not-found`. Waits for a running pull. */
export async function removeModel(paths: WorkspacePaths, id: string, signal?: AbortSignal): Promise<void> {
  const own = readOwnModels(paths);
  const names = [...own.models.map((model) => model.entry.id), ...[...own.endpoints, ...own.adapters].map(nameOf)];
  if (names.includes(id)) {
    await updateOwnModels(paths, (now) => ({
      ...now,
      models: now.models.filter((model) => model.entry.id !== id),
      endpoints: now.endpoints.filter((endpoint) => endpoint.name !== id),
      adapters: now.adapters.filter((adapter) => adapter.name !== id),
    }));
    rmSync(canaryFile(paths, id), { force: true });
    return;
  }
  findModel(paths, id);
  const unlock = await lockFile(modelLock(paths, id), signal ? { signal } : {});
  try {
    const folder = modelFolder(paths, id);
    rmSync(path.join(folder, 'manifest.json'), { force: true });
    rmSync(folder, { recursive: true, force: true });
    rmSync(stagingFolder(paths, id), { recursive: true, force: true });
  } finally {
    unlock();
  }
}

const nameOf = ({ name }: { readonly name: string }): string => name;

/** What was tuned here and stands as a model of its own, by its id. */
export const tunedModels = (paths: WorkspacePaths): ReadonlyMap<string, NonNullable<LocalModel['tuned']>> =>
  new Map(readOwnModels(paths).models.flatMap(({ entry, tuned }) => (tuned ? [[entry.id, tuned] as const] : [])));

export const listAdapters = (paths: WorkspacePaths): readonly Adapter[] => readOwnModels(paths).adapters;
export const listEndpoints = (paths: WorkspacePaths): readonly Endpoint[] => readOwnModels(paths).endpoints;
/** Where the vectors that an embedder's fingerprint promises are kept. */
export const promiseFile = (paths: WorkspacePaths, fingerprint: string): string =>
  path.join(paths.home, 'canaries', `${fingerprint}.json`);
/** Where the probe vectors of an embedding endpoint are kept. */
export const canaryFile = (paths: WorkspacePaths, name: string): string =>
  path.join(paths.home, 'endpoints', `${encodeURIComponent(name)}.json`);

/** The manifest of a model folder; undefined when it is missing or not readable as one. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    return manifestSchema.parse(JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

function isUnchanged(file: { path: string; bytes: number; mtimeMs: number }): boolean {
  const stat = statSync(file.path, { throwIfNoEntry: false });
  return stat?.size === file.bytes && Math.abs(stat.mtimeMs - file.mtimeMs) < 1;
}

const sizeOf = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.size;

function folderBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((item) => item.isFile())
    .reduce((sum, item) => sum + (sizeOf(path.join(item.parentPath, item.name)) ?? 0), 0);
}
