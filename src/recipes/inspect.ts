import { isHubSource } from '../datasets/hub.ts';
import { readManifest } from '../datasets/store.ts';
import { ENGINES } from '../engines/definitions.ts';
import { machineDevice } from '../engines/device.ts';
import { engineStatus } from '../engines/store.ts';
import type { EngineDevice, EngineName } from '../engines/types.ts';
import { findHost, keptFarEngine, knownHost } from '../hosts/store.ts';
import { deviceOfHost, farLauncher, hostOf } from '../hosts/types.ts';
import { allModels, findModel, listAdapters, listEndpoints } from '../models/store.ts';
import { loadSettings } from '../platform/config.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { findPrompt } from '../rag/prompts.ts';
import { checkEmbedderKeys, checkLlmKeys } from '../training/check-settings.ts';
import { findEmbedderBase } from '../training/embedder-base.ts';
import { checkNodes } from '../training/nodes.ts';
import { ENGINE_OF } from '../training/types.ts';
import { readsOf } from './complain.ts';
import { isShipped } from './files.ts';
import { foldersOf } from './folders.ts';
import { didYouMean } from './nearest.ts';
import { planRecipe, type RecipePlan } from './plan.ts';
import { inOrder, type ReadRecipe, readRecipe } from './read.ts';
import { trainingOf, withoutEngine } from './references.ts';
import type { Recipe } from './schema.ts';
import type { Path, RecipeProblem } from './source.ts';
import { namedDataset } from './steps/datasets.ts';
import { engineWhere, findPath, modelDigest } from './steps/facts.ts';
import { missingModels } from './steps/ready.ts';
import type { RecipeWork } from './types.ts';

/** Reads a recipe and looks whether it fits this machine and workspace. Errors: none of the recipe's: they are in `problems`. */
export function inspectRecipe(
  paths: WorkspacePaths,
  wish: Omit<RecipeWork, 'name' | 'shipped'>,
): {
  readonly work: RecipeWork;
  readonly problems: readonly RecipeProblem[];
  readonly plan: RecipePlan;
  readonly needs: RecipeNeeds;
  readonly vars: ReadRecipe['vars'];
} {
  const read = readRecipe(wish.text, wish.vars);
  const { name, vars } = read;
  const sound = read.problems.length === 0;
  const problems = sound ? workspaceProblems(paths, read, foldersOf(wish)) : read.problems;
  const plan = sound ? planRecipe(name, read.variants) : { name, variants: [], steps: [] };
  const needs = problems.length === 0 ? needsOf(paths, plan) : { engines: [], models: [] };
  const work = { ...wish, name, ...(isShipped(wish.file) ? { shipped: true } : {}) };
  return { work, problems, plan, needs, vars };
}

/** What of this machine and this workspace a recipe does not fit: files, models, keys of engines, presets. */
function workspaceProblems(
  paths: WorkspacePaths,
  { variants, source }: Pick<ReadRecipe, 'variants' | 'source'>,
  folders: readonly string[],
): RecipeProblem[] {
  const problems: RecipeProblem[] = [];
  const complain = (path: Path, message: string, hint = '') => {
    problems.push({ ...source.place(path), at: path.join('.'), message, hint });
  };
  const reads = readsOf(complain);
  const { settings } = loadSettings(paths.configFile);
  for (const { recipe } of variants) {
    for (const [name, { import: imported, use }] of Object.entries(recipe.datasets)) {
      if (use !== undefined) reads(['datasets', name, 'use'], () => readManifest(paths, ...namedDataset(use)));
      if (!imported || isHubSource(imported.file)) continue;
      reads(['datasets', name, 'import', 'file'], () => findPath(imported.file, folders));
    }
    for (const [name, { sources = [] }] of Object.entries(recipe.kbs)) {
      for (const [at, file] of sources.entries()) reads(['kbs', name, 'sources', at], () => findPath(file, folders));
    }
    for (const [path, model] of modelsOf(recipe)) checkModel(path, model, recipe);
    for (const [name, { llm, prompt }] of Object.entries(recipe.columns)) {
      if (llm === 'none' || prompt === undefined) continue;
      reads(['columns', name, 'prompt'], () => findPrompt(paths, prompt, settings.prompts));
    }
    for (const [name, one] of Object.entries(recipe.train)) {
      const path = ['train', name];
      if (one.kind === 'embedder') reads([...path, 'base'], () => findEmbedderBase(paths, one.base));
      else checkModel([...path, 'base'], one.base, recipe);
      reads([...path, 'set'], () => (one.kind === 'llm' ? checkLlmKeys(one.set) : checkEmbedderKeys(one.set)));
      const launcher = farLauncher(one.launcher);
      if (launcher !== undefined) reads([...path, 'launcher'], () => knownHost(paths, hostOf(launcher)));
      reads([...path, 'nodes'], () =>
        checkNodes(one, launcher, launcher === undefined ? undefined : findHost(paths, hostOf(launcher))),
      );
      const device = engineWhere(paths, ENGINE_OF[one.kind], launcher)?.device ?? deviceOf(paths, launcher);
      if (device === 'cpu' && one.preset !== undefined && one.preset !== 'cpu') {
        complain(
          [...path, 'preset'],
          `The preset ${one.preset} needs a GPU, and there is none ${launcher === undefined ? 'here' : `on ${hostOf(launcher)}`}.`,
          'Use the preset cpu, or another machine.',
        );
      }
    }
    for (const [name, one] of Object.entries(recipe.deploy)) {
      const launcher = farLauncher(one.launcher);
      if (launcher !== undefined) reads(['deploy', name, 'launcher'], () => knownHost(paths, hostOf(launcher)));
    }
  }
  return inOrder(problems);

  function checkModel(path: Path, model: string, recipe: Recipe): void {
    if (model === 'none' || trainingOf(recipe, model)) return;
    const name = withoutEngine(model);
    try {
      modelDigest(paths, name);
    } catch {
      const known = [...allModels(paths).map(({ id }) => id), ...listEndpoints(paths), ...listAdapters(paths)].map(
        (one) => (typeof one === 'string' ? one : one.name),
      );
      complain(path, `There is no model "${name}".`, didYouMean(name, [...known, ...Object.keys(recipe.train)]));
    }
  }
}

/** What a machine has; of a host that nobody knows nothing is refused: that is said already. */
function deviceOf(paths: WorkspacePaths, launcher: string | undefined): EngineDevice {
  if (launcher === undefined) return machineDevice();
  const host = findHost(paths, hostOf(launcher));
  return host?.facts ? deviceOfHost(host) : 'cuda';
}

function modelsOf({ kbs, deploy, columns }: Recipe): [Path, string][] {
  return [
    ...Object.entries(kbs).flatMap(([name, { embedders }]) =>
      embedders.map((one, at): [Path, string] => [['kbs', name, 'embedders', at], one]),
    ),
    ...Object.entries(deploy).flatMap(([name, { model, adapters }]): [Path, string][] => [
      [['deploy', name, 'model'], model],
      ...adapters.map((one, at): [Path, string] => [['deploy', name, 'adapters', at], one]),
    ]),
    ...Object.entries(columns).flatMap(([name, { llm, embedder, reranker }]): [Path, string][] => [
      [['columns', name, 'llm'], llm],
      [['columns', name, 'embedder'], embedder ?? 'none'],
      [['columns', name, 'reranker'], reranker ?? 'none'],
    ]),
  ];
}

/** What a recipe fetches first, with the bytes that are known. */
export interface RecipeNeeds {
  /** `launcher`: on whose host; absent: here. */
  readonly engines: readonly {
    readonly name: EngineName;
    readonly launcher?: string;
    readonly state: string;
    readonly bytes: number;
  }[];
  readonly models: readonly { readonly id: string; readonly bytes: number }[];
}

/** Of a host: as it was looked at last. */
function engineState(paths: WorkspacePaths, name: EngineName, launcher: string | undefined): string {
  if (launcher === undefined) return engineStatus(paths, name).state;
  return keptFarEngine(paths, launcher, name) ? 'present' : 'absent';
}

/** Engines and models that a plan needs; models only those that are not here. */
function needsOf(paths: WorkspacePaths, { steps }: Pick<RecipePlan, 'steps'>): RecipeNeeds {
  const engines = steps.flatMap(({ spec }) => (spec.kind === 'engine' ? [spec] : []));
  const models = steps.flatMap(({ spec }) => (spec.kind === 'models' ? spec.models : []));
  return {
    engines: engines.map(({ engine: name, launcher }) => ({
      name,
      ...(launcher === undefined ? {} : { launcher }),
      state: engineState(paths, name, launcher),
      bytes: ENGINES[name].diskBytes,
    })),
    models: missingModels(paths, models).map((id) => ({
      id,
      bytes: findModel(paths, id).files.reduce((sum, { bytes }) => sum + bytes, 0),
    })),
  };
}
