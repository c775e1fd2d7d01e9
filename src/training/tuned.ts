import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { checkName } from '../models/own.ts';
import { listAdapters, readOwnModels } from '../models/store.ts';
import { RagtuiError } from '../platform/errors.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import { parseJson } from '../platform/json.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { isWholeSafetensors } from './final-save.ts';
import { type EmbedderTraining, embedderTrainingSchema, type Training, trainingSchema } from './types.ts';

/**
 * The folder of one tune. `train/` is the engine's (checkpoints, its log), `result/` what came of it, `training.json`
 * what was asked for, `trained.json` that the engine came to its end.
 */
export interface TunedFolder {
  readonly root: string;
  readonly train: string;
  readonly result: string;
  readonly cache: string;
  readonly trained: string;
}

export function tunedFolder(paths: WorkspacePaths, name: string): TunedFolder {
  const root = path.join(paths.home, 'tuned', name);
  const at = (part: string) => path.join(root, part);
  return { root, train: at('train'), result: at('result'), cache: at('cache'), trained: at('trained.json') };
}

const askedSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('train-llm'), ...trainingSchema.shape }),
  z.object({ kind: z.literal('train-embedder'), ...embedderTrainingSchema.shape }),
]);
export type Asked = z.infer<typeof askedSchema>;

/** Whether a training may be called so. Throws `exists` when the name is taken, or another training has begun under it. */
export function checkTunedName(paths: WorkspacePaths, asked: Asked): void {
  checkName(paths, asked.name);
  const file = path.join(tunedFolder(paths, asked.name).root, 'training.json');
  if (!existsSync(file) || isBegun(file, asked)) return;
  throw new RagtuiError(
    'exists',
    `Another training called ${asked.name} was begun with other settings.`,
    `Choose another --name, or delete ${path.dirname(file)}.`,
  );
}

/** Whether `training.json` says that this very training has begun. */
function isBegun(file: string, asked: Asked): boolean {
  const before = existsSync(file) ? askedSchema.safeParse(parseJson(readFileSync(file, 'utf8'))) : undefined;
  return before?.success === true && JSON.stringify(before.data) === JSON.stringify(askedSchema.parse(asked));
}

/** Names of the adapters and models that lie in the folder of a tune. */
export function registeredIn(paths: WorkspacePaths, root: string): string[] {
  const inside = (folder: string) => path.resolve(folder).startsWith(`${root}${path.sep}`);
  return [
    ...listAdapters(paths).flatMap((adapter) => (inside(adapter.path) ? [adapter.name] : [])),
    ...readOwnModels(paths).models.flatMap(({ entry, folder }) => (inside(folder) ? [entry.id] : [])),
  ];
}

/**
 * Whether this very training is done and its result registered: a job that was killed after that, before it could say so,
 * leaves nothing to do for the one that resumes it.
 */
export function isRegistered(paths: WorkspacePaths, asked: Asked): boolean {
  const { root } = tunedFolder(paths, asked.name);
  return registeredIn(paths, root).includes(asked.name) && isBegun(path.join(root, 'training.json'), asked);
}

export interface Begun {
  readonly folder: TunedFolder;
  /** The engine came to its end before; only what follows is left to do. */
  readonly trained: boolean;
  /** The checkpoint to go on from. */
  readonly checkpoint: string | undefined;
}

/** Makes the folder of a tune, or finds how far an earlier job of the same spec came. */
export function beginTuned(paths: WorkspacePaths, asked: Asked): Begun {
  checkTunedName(paths, asked);
  const folder = tunedFolder(paths, asked.name);
  mkdirSync(folder.train, { recursive: true, mode: 0o700 });
  writeJsonAtomic(path.join(folder.root, 'training.json'), askedSchema.parse(asked));
  const trained = existsSync(folder.trained);
  const checkpoint = trained ? undefined : wholeCheckpoint(folder.train);
  if (!trained && !checkpoint) {
    // Weights without a checkpoint: the engine would refuse the folder, and they are of no use.
    rmSync(folder.train, { recursive: true, force: true });
    mkdirSync(folder.train, { recursive: true, mode: 0o700 });
  }
  return { folder, trained, checkpoint };
}

/** The newest checkpoint that is whole; one that is not (the engine's own mark is still in it, it lacks its state, its weights are cut off) is deleted. */
function wholeCheckpoint(folder: string): string | undefined {
  const checkpoints = readdirSync(folder)
    .filter((name) => /^checkpoint-\d+$/.test(name))
    .sort((a, b) => stepOf(b) - stepOf(a))
    .map((name) => path.join(folder, name));
  const whole = checkpoints.filter((one) => {
    const good =
      !existsSync(path.join(one, 'checkpoint-is-incomplete.txt')) &&
      isFile(path.join(one, 'trainer_state.json')) &&
      weightsOf(one).every(isWholeSafetensors);
    if (!good) rmSync(one, { recursive: true, force: true });
    return good;
  });
  return whole[0];
}

const weightsOf = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.safetensors'))
    .map((name) => path.join(folder, name));

/** The step in the name of a checkpoint. */
export const stepOf = (name: string): number => Number(name.slice(name.lastIndexOf('-') + 1));
const isFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() === true;

/** What a spec of either kind asks for, without what the job adds. */
export const askedOf = (kind: Asked['kind'], training: Training | EmbedderTraining): Asked =>
  askedSchema.parse({ kind, ...training });
