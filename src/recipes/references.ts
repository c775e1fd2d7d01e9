import { formatWords } from '../datasets/importers/registry.ts';
import { parseMargin, parseRanks, parseSource } from '../datasets/negatives/sources.ts';
import { findMetric, METRIC_NAMES } from '../evaluation/metrics/registry.ts';
import { BASELINE_NAMES } from '../evaluation/types.ts';
import { farLauncher, isSlurm } from '../hosts/types.ts';
import { parseGroupSpec } from '../kb/splitters/groups.ts';
import { parseLlm } from '../serving/servers.ts';
import type { ServeEngine } from '../serving/types.ts';
import { readsOf } from './complain.ts';
import { didYouMean } from './nearest.ts';
import type { Recipe, RecipeDataset, RecipeDeployment } from './schema.ts';
import type { Path, RecipeProblem, YamlSource } from './source.ts';

/** Of a training's name: what it is compared with. */
export const BASE_SUFFIX = '.base';

/** `tuned@vllm` → `tuned`. Pure. */
export const withoutEngine = (model: string): string => model.replace(/@(llama|vllm|onnx)$/, '');

/** The training that a model's name means, if it means one: `tuned`, `tuned.base`, `tuned@vllm`. Pure. */
export function trainingOf(
  recipe: Pick<Recipe, 'train'>,
  model: string,
): { training: string; base: boolean } | undefined {
  const name = withoutEngine(model);
  const base = name.endsWith(BASE_SUFFIX);
  const training = base ? name.slice(0, -BASE_SUFFIX.length) : name;
  return Object.hasOwn(recipe.train, training) ? { training, base } : undefined;
}

/** The parts of a dataset of the recipe that are known before anything is run; null: those of its files, or of the workspace. */
export function partsOf({ prepare, split, use, import: imported }: RecipeDataset): string[] | null {
  const cut = split ?? prepare;
  if (cut) return ['train', 'test', ...(cut.dev === undefined ? [] : ['dev']), 'all'];
  return use !== undefined || imported !== undefined ? null : ['all'];
}

/** What refers to nothing, or to something of another kind; and words that only other parts of the program know. Pure. */
export function referenceProblems(recipe: Recipe, source: YamlSource): RecipeProblem[] {
  const problems: RecipeProblem[] = [];
  const complain = (path: Path, message: string, hint = '') =>
    problems.push({ ...source.place(path), at: path.join('.'), message, hint });
  const reads = readsOf(complain);
  const oneOf = (path: Path, name: string, known: Iterable<string>, what: string): boolean => {
    const all = [...known];
    if (all.includes(name)) return true;
    complain(path, `There is no ${what} "${name}".`, didYouMean(name, all));
    return false;
  };
  const datasets = Object.keys(recipe.datasets);
  const partIs = (path: Path, dataset: string, part: string | undefined) => {
    const known = recipe.datasets[dataset];
    const parts = known ? partsOf(known) : null;
    if (part !== undefined && parts) oneOf(path, part, parts, `part of ${dataset}`);
  };

  for (const [name, one] of Object.entries(recipe.datasets)) {
    const path = ['datasets', name];
    const origins = [one.import, one.from, one.use].filter((origin) => origin !== undefined);
    if (origins.length !== 1) complain(path, `The dataset ${name} comes from exactly one of import, from and use.`);
    if (one.prepare && one.split)
      complain([...path, 'split'], 'prepare makes a split itself.', 'Leave one of them out.');
    if (one.import?.format !== undefined)
      oneOf([...path, 'import', 'format'], one.import.format, formatWords(), 'format');
    if (one.from !== undefined && oneOf([...path, 'from'], one.from, datasets, 'dataset')) {
      partIs([...path, 'part'], one.from, one.part);
      if (comesFromItself(recipe, name)) complain([...path, 'from'], `The dataset ${name} comes from itself.`);
    }
    if (one.part !== undefined && one.from === undefined) complain([...path, 'part'], 'part needs "from".');
    const { negatives } = one;
    for (const [at, text] of (negatives?.from ?? []).entries()) {
      reads([...path, 'negatives', 'from', at], () => parseSource(text, { ranks: [2, 200], choose: 'sample' }));
    }
    if (negatives?.ranks !== undefined) reads([...path, 'negatives', 'ranks'], () => parseRanks(negatives.ranks ?? ''));
    if (negatives?.margin !== undefined)
      reads([...path, 'negatives', 'margin'], () => parseMargin(String(negatives.margin)));
  }

  for (const [name, one] of Object.entries(recipe.kbs)) {
    const path = ['kbs', name];
    if ((one.dataset === undefined) === (one.sources === undefined)) {
      complain(path, `The knowledge base ${name} holds either the contexts of a dataset or sources.`);
    }
    if (one.dataset !== undefined && oneOf([...path, 'dataset'], one.dataset, datasets, 'dataset')) {
      partIs([...path, 'part'], one.dataset, one.part);
    }
    for (const [at, group] of one.groups.entries()) reads([...path, 'groups', at], () => parseGroupSpec(group, 'x'));
    for (const [at, embedder] of one.embedders.entries()) kindIs([...path, 'embedders', at], embedder, 'embedder');
  }

  for (const [name, one] of Object.entries(recipe.train)) {
    const path = ['train', name];
    if (oneOf([...path, 'dataset'], one.dataset, datasets, 'dataset')) partIs([...path, 'part'], one.dataset, one.part);
    if (one.kind === 'llm' && one.embedder)
      complain([...path, 'embedder'], 'Only the training of an embedder has these.');
    const base = trainingOf(recipe, one.base);
    if (base) complain([...path, 'base'], 'A training begins from a model of the list, not from another training.');
  }

  for (const [name, one] of Object.entries(recipe.deploy)) {
    const path = ['deploy', name];
    kindIs([...path, 'model'], one.model, undefined);
    const launcher = farLauncher(one.launcher);
    if (isSlurm(launcher)) {
      complain([...path, 'launcher'], 'Servers are not started through Slurm.', 'Use ssh:HOST.');
    } else if (launcher !== undefined && one.engine !== undefined && one.engine !== 'vllm') {
      complain(
        [...path, 'engine'],
        `${one.engine} serves on this machine alone.`,
        'Use engine: vllm, or leave launcher out.',
      );
    }
    for (const [at, adapter] of one.adapters.entries()) kindIs(['deploy', name, 'adapters', at], adapter, 'llm');
  }

  for (const [name, one] of Object.entries(recipe.columns)) {
    const path = ['columns', name];
    if (BASELINE_NAMES.some((taken) => taken === name)) complain(path, `"${name}" is the name of a baseline row.`);
    if (one.llm !== 'none') {
      reads([...path, 'llm'], () => parseLlm(one.llm));
      kindIs([...path, 'llm'], one.llm, 'llm');
    }
    if (one.embedder !== undefined) kindIs([...path, 'embedder'], one.embedder, 'embedder');
    if (one.llm === 'none' && (one.context ?? 'retrieved') !== 'retrieved') {
      complain(path, 'Without an LLM and without retrieval there is nothing to measure.');
    }
  }

  for (const [name, one] of Object.entries(recipe.evaluate)) {
    const path = ['evaluate', name];
    if (oneOf([...path, 'dataset'], one.dataset, datasets, 'dataset')) partIs([...path, 'part'], one.dataset, one.part);
    if (one.kb !== undefined) oneOf([...path, 'kb'], one.kb, Object.keys(recipe.kbs), 'knowledge base');
    for (const [at, column] of one.columns.entries()) {
      const known = oneOf([...path, 'columns', at], column, Object.keys(recipe.columns), 'column');
      const retrieves = known && (recipe.columns[column]?.context ?? 'retrieved') === 'retrieved';
      if (retrieves && one.kb === undefined)
        complain([...path, 'columns', at], `${column} searches: the evaluation needs a kb.`);
      const llm = recipe.columns[column]?.llm ?? 'none';
      if (llm.endsWith('@vllm') && serversOf(recipe, llm).length === 0) {
        complain(
          [...path, 'columns', at],
          `${column} is asked on vLLM, but no deploy serves ${withoutEngine(llm)} there.`,
        );
      }
    }
    const metricIs = (where: Path, metric: string) => {
      if (metric === 'cosine') return;
      try {
        findMetric(metric);
      } catch {
        complain(where, `There is no metric "${metric}".`, didYouMean(metric, METRIC_NAMES));
      }
    };
    for (const [at, metric] of (one.metrics ?? []).entries()) metricIs([...path, 'metrics', at], metric);
    if (one.primary !== undefined) {
      if (one.metrics) oneOf([...path, 'primary'], one.primary, one.metrics, 'metric of this evaluation');
      else metricIs([...path, 'primary'], one.primary);
    }
  }

  for (const [at, gate] of recipe.gates.entries()) {
    const path: Path = ['gates', at];
    if (gate.min === undefined && gate.max === undefined && gate.baseline === undefined) {
      complain(path, 'A gate needs min, max or baseline.');
    }
    if (!oneOf([...path, 'evaluation'], gate.evaluation, Object.keys(recipe.evaluate), 'evaluation')) continue;
    const columns = [...(recipe.evaluate[gate.evaluation]?.columns ?? []), ...BASELINE_NAMES];
    if (gate.column !== undefined) oneOf([...path, 'column'], gate.column, columns, `column of ${gate.evaluation}`);
    if (gate.baseline !== undefined)
      oneOf([...path, 'baseline'], gate.baseline, columns, `column of ${gate.evaluation}`);
  }
  return problems;

  /** A training that is named must be of the right kind; what is no training is looked for in the list of models later. */
  function kindIs(path: Path, model: string, kind: 'llm' | 'embedder' | undefined): void {
    const found = trainingOf(recipe, model);
    if (!found || kind === undefined || recipe.train[found.training]?.kind === kind) return;
    complain(
      path,
      `${found.training} trains ${kind === 'llm' ? 'an embedder, not an LLM' : 'an LLM, not an embedder'}.`,
    );
  }
}

/** The engine of a deployment, as far as the recipe says it: on another host that is vLLM. Pure. */
export const deployedOn = ({
  engine,
  launcher,
}: Pick<RecipeDeployment, 'engine' | 'launcher'>): ServeEngine | undefined =>
  engine ?? (farLauncher(launcher) === undefined ? undefined : 'vllm');

/** The deployments that serve a model or an adapter under the name that a column asks for. Pure. */
export function serversOf(recipe: Pick<Recipe, 'deploy' | 'train'>, llm: string): string[] {
  const name = meant(recipe, llm);
  const engine = /@(llama|vllm)$/.exec(llm)?.[1];
  return Object.entries(recipe.deploy).flatMap(([deployment, one]) => {
    const served = [one.model, ...one.adapters].some((model) => meant(recipe, model) === name);
    return served && (engine === undefined || (deployedOn(one) ?? engine) === engine) ? [deployment] : [];
  });
}

/** The base of an LLM's training is a model of the list. */
function meant(recipe: Pick<Recipe, 'train'>, model: string): string {
  const found = trainingOf(recipe, model);
  const training = found?.base ? recipe.train[found.training] : undefined;
  return training?.kind === 'llm' ? training.base : withoutEngine(model);
}

function comesFromItself(recipe: Recipe, name: string): boolean {
  const seen = new Set<string>();
  for (let at: string | undefined = name; at !== undefined; at = recipe.datasets[at]?.from) {
    if (seen.has(at)) return true;
    seen.add(at);
  }
  return false;
}
