import { createHash } from 'node:crypto';
import type { DatasetKind } from '../datasets/types.ts';
import type { EngineName } from '../engines/types.ts';
import { farLauncher } from '../hosts/types.ts';
import { parsePromptName } from '../rag/prompts.ts';
import { ENGINE_OF } from '../training/types.ts';
import type { Variant } from './read.ts';
import { deployedOn, serversOf, trainingOf, withoutEngine } from './references.ts';
import type {
  Recipe,
  RecipeColumn,
  RecipeDataset,
  RecipeDeployment,
  RecipeEvaluation,
  RecipeGate,
  RecipeKb,
  RecipeTraining,
} from './schema.ts';
import type { Scalar, StepKind } from './types.ts';

/** What a step is told: all that the recipe declares of it. What it takes from other steps is in `needs`. */
export type StepSpec =
  /** `launcher`: on whose host; absent: on this machine. */
  | { readonly kind: 'engine'; readonly engine: EngineName; readonly launcher?: string }
  | { readonly kind: 'models'; readonly models: readonly string[] }
  | ({ readonly kind: 'import'; readonly rowKind: DatasetKind | undefined } & Omit<
      NonNullable<RecipeDataset['import']>,
      'kind'
    >)
  /** `cut`: the recipe splits it itself, whatever splits there are. */
  | { readonly kind: 'use'; readonly dataset: string; readonly cut?: true }
  | ({ readonly kind: 'select'; readonly part: string | null } & Pick<
      RecipeDataset,
      'filter' | 'longest' | 'shortest' | 'limit' | 'seed'
    >)
  | ({ readonly kind: 'negatives'; readonly part: string | null } & NonNullable<RecipeDataset['negatives']>)
  | ({ readonly kind: 'prepare' } & NonNullable<RecipeDataset['prepare']>)
  | ({ readonly kind: 'split' } & NonNullable<RecipeDataset['split']>)
  | ({ readonly kind: 'kb'; readonly part: string | null } & Pick<RecipeKb, 'sources' | 'groups' | 'embedders'>)
  | ({ readonly kind: 'train'; readonly part: string | null; readonly what: RecipeTraining['kind'] } & Omit<
      RecipeTraining,
      'kind' | 'dataset' | 'part'
    >)
  | ({ readonly kind: 'deploy' } & RecipeDeployment)
  | ({ readonly kind: 'evaluate'; readonly part: string | null; readonly columns: readonly NamedColumn[] } & Omit<
      RecipeEvaluation,
      'dataset' | 'part' | 'kb' | 'columns'
    >)
  | ({ readonly kind: 'gate' } & Omit<RecipeGate, 'evaluation'>);
export type SpecOf<K extends StepKind> = Extract<StepSpec, { kind: K }>;
type NamedColumn = RecipeColumn & { readonly name: string };

/** One thing to do. Equal ones of several variants are one step. */
export interface PlannedStep {
  readonly id: string;
  /** Its name in the recipe. */
  readonly name: string;
  readonly spec: StepSpec;
  /** Ids of steps whose results it takes, by what it calls them: `dataset`, `kb`, `model:NAME`, `server:NAME`, `run`. */
  readonly needs: Readonly<Record<string, string>>;
  /** Ids of steps that must be done before, without giving it anything. */
  readonly after: readonly string[];
  /** From 1; empty without a sweep. */
  readonly variants: readonly number[];
}

/** Ids of all steps that come before one. Pure. */
export const stepsBefore = ({ needs, after }: Pick<PlannedStep, 'needs' | 'after'>): string[] => [
  ...new Set([...Object.values(needs), ...after]),
];

export interface RecipePlan {
  readonly name: string;
  /** What each variant sets; empty without a sweep. */
  readonly variants: readonly Readonly<Record<string, Scalar>>[];
  /** In the order in which they are done. */
  readonly steps: readonly PlannedStep[];
}

/** The steps of a recipe, what they have in common done once. Pure. */
export function planRecipe(name: string, variants: readonly Variant[]): RecipePlan {
  const swept = variants.some(({ values }) => Object.keys(values).length > 0);
  const steps = new Steps();
  for (const [at, { recipe }] of variants.entries()) {
    new VariantPlan(recipe, steps, swept ? [at + 1] : []).make();
  }
  return { name, variants: swept ? variants.map(({ values }) => values) : [], steps: steps.all() };
}

interface Draft {
  id: string;
  name: string;
  spec: StepSpec;
  needs: Record<string, string>;
  after: string[];
  variants: number[];
}

/** Steps by what they are: the same spec with the same needs is the same step. */
class Steps {
  readonly #byIdentity = new Map<string, Draft>();
  readonly #ids = new Set<string>();

  add(wish: Omit<Draft, 'id'>): string {
    const identity = hashOf([wish.name, wish.spec, wish.needs]);
    const known = this.#byIdentity.get(identity);
    if (known) {
      known.variants = [...new Set([...known.variants, ...wish.variants])];
      known.after = [...new Set([...known.after, ...wish.after])];
      return known.id;
    }
    const stem = `${wish.spec.kind} ${wish.name}`.trimEnd();
    let id = stem;
    for (let n = 2; this.#ids.has(id); n++) id = `${stem} ${n}`;
    this.#ids.add(id);
    this.#byIdentity.set(identity, { ...wish, id });
    return id;
  }

  all(): PlannedStep[] {
    return [...this.#byIdentity.values()];
  }
}

class VariantPlan {
  readonly #ids = new Map<string, string>();

  constructor(
    private readonly recipe: Recipe,
    private readonly steps: Steps,
    private readonly variants: number[],
  ) {}

  make(): void {
    const { datasets, train, kbs, evaluate, deploy, gates } = this.recipe;
    this.#enginesFirst();
    if (this.#models().length > 0) this.#modelsStep();
    for (const name of Object.keys(datasets)) this.#dataset(name);
    for (const name of Object.keys(train)) this.#training(name);
    for (const name of Object.keys(kbs)) this.#kb(name);
    for (const name of Object.keys(evaluate)) this.#evaluation(name);
    for (const name of Object.keys(deploy)) this.#deployment(name);
    for (const [at, { evaluation, ...gate }] of gates.entries()) {
      this.#step(
        `gate ${at}`,
        `${evaluation} ${at + 1}`,
        { kind: 'gate', ...gate },
        { run: this.#evaluation(evaluation) },
      );
    }
  }

  #step(key: string, name: string, spec: StepSpec, needs: Record<string, string>, after: string[] = []): string {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.steps.add({ name, spec, needs, after, variants: this.variants });
    this.#ids.set(key, id);
    return id;
  }

  /** First of all: what is missing is told before anything is done. */
  #enginesFirst(): void {
    const { train, deploy } = this.recipe;
    for (const { kind, launcher } of Object.values(train)) this.#engine(ENGINE_OF[kind], farLauncher(launcher));
    for (const one of Object.values(deploy)) this.#enginesOf(one);
  }

  /** What a deployment has to find installed. */
  #enginesOf(one: RecipeDeployment): string[] {
    return deployedOn(one) === 'vllm' ? [this.#engine('vllm', farLauncher(one.launcher))] : [];
  }

  #engine(engine: EngineName, launcher?: string): string {
    const name = launcher === undefined ? engine : `${engine} ${launcher}`;
    const spec: StepSpec = { kind: 'engine', engine, ...(launcher === undefined ? {} : { launcher }) };
    return this.#step(`engine ${name}`, name, spec, {});
  }

  /** Models by name that no step makes. */
  #models(): string[] {
    const { train, kbs, deploy, columns } = this.recipe;
    const named = [
      ...Object.values(train).map(({ base }) => base),
      ...Object.values(kbs).flatMap(({ embedders }) => embedders),
      ...Object.values(deploy).flatMap(({ model, adapters }) => [model, ...adapters]),
      ...Object.values(columns).flatMap(({ llm, embedder, reranker }) => [llm, embedder ?? 'none', reranker ?? 'none']),
    ];
    const own = named.filter((model) => model !== 'none' && !trainingOf(this.recipe, model)).map(withoutEngine);
    return [...new Set(own)].sort();
  }

  #modelsStep = (): string => this.#step('models', '', { kind: 'models', models: this.#models() }, {});
  /** Before what asks for models by name. */
  #withModels = (): string[] => (this.#models().length > 0 ? [this.#modelsStep()] : []);

  /** The last step of a dataset. */
  #dataset(name: string): string {
    const known = this.#ids.get(`dataset ${name}`);
    if (known !== undefined) return known;
    const one = this.recipe.datasets[name];
    if (!one) throw new Error(`no dataset ${name}`);
    const { negatives, prepare, split } = one;
    let last = this.#rows(name, one);
    const next = (kind: StepKind, spec: StepSpec) => {
      last = this.#step(`${kind} ${name}`, name, spec, { dataset: last });
    };
    // Of rows that nobody selected among, the negatives are made of the part itself.
    const part = this.#selects(one) ? null : (one.part ?? null);
    if (negatives) next('negatives', { kind: 'negatives', part, ...negatives });
    if (prepare) next('prepare', { kind: 'prepare', ...prepare });
    if (split) next('split', { kind: 'split', ...split });
    this.#ids.set(`dataset ${name}`, last);
    return last;
  }

  #selects({ from, filter, longest, shortest, limit, negatives }: RecipeDataset): boolean {
    const chosen = filter !== undefined || longest !== undefined || shortest !== undefined || limit !== undefined;
    return chosen || (from !== undefined && !negatives);
  }

  /** Where its rows come from. */
  #rows(name: string, one: RecipeDataset): string {
    const { filter, longest, shortest, limit, seed } = one;
    const origin = one.import
      ? this.#import(name, one.import)
      : one.use !== undefined
        ? this.#step(`use ${name}`, name, { kind: 'use', dataset: one.use, ...(one.split ? { cut: true } : {}) }, {})
        : this.#dataset(one.from ?? '');
    if (!this.#selects(one)) return origin;
    const spec: StepSpec = { kind: 'select', part: one.part ?? null, filter, longest, shortest, limit, seed };
    return this.#step(`select ${name}`, name, spec, { dataset: origin });
  }

  #import(name: string, { kind: rowKind, ...rest }: NonNullable<RecipeDataset['import']>): string {
    return this.#step(`import ${name}`, name, { kind: 'import', rowKind, ...rest }, {});
  }

  #training(name: string): string {
    const { kind: what, dataset, part, ...rest } = this.recipe.train[name] ?? missing(name);
    const after = [this.#engine(ENGINE_OF[what], farLauncher(rest.launcher)), ...this.#withModels()];
    const spec: StepSpec = { kind: 'train', what, part: part ?? null, ...rest };
    return this.#step(`train ${name}`, name, spec, { dataset: this.#dataset(dataset) }, after);
  }

  /** `model:tuned` → the step that trains it, for every training that is among these names. */
  #trained(models: readonly (string | undefined)[]): Record<string, string> {
    const found = models.flatMap((model) => {
      const trained = model === undefined ? undefined : trainingOf(this.recipe, model);
      return trained ? [[`model:${trained.training}`, this.#training(trained.training)] as const] : [];
    });
    return Object.fromEntries(found);
  }

  #kb(name: string): string {
    const { dataset, part, sources, groups, embedders } = this.recipe.kbs[name] ?? missing(name);
    const needs = {
      ...(dataset === undefined ? {} : { dataset: this.#dataset(dataset) }),
      ...this.#trained(embedders),
    };
    const spec: StepSpec = { kind: 'kb', part: part ?? null, sources, groups, embedders };
    return this.#step(`kb ${name}`, name, spec, needs, this.#withModels());
  }

  #deployment(name: string): string {
    const one = this.recipe.deploy[name] ?? missing(name);
    const after = [...this.#enginesOf(one), ...this.#withModels()];
    const needs = this.#trained([one.model, ...one.adapters]);
    const engine = deployedOn(one);
    const spec: StepSpec = { kind: 'deploy', ...one, ...(engine === undefined ? {} : { engine }) };
    return this.#step(`deploy ${name}`, name, spec, needs, after);
  }

  #evaluation(name: string): string {
    const { dataset, part, kb, columns: names, ...rest } = this.recipe.evaluate[name] ?? missing(name);
    const columns = names.map((column) => ({ name: column, ...(this.recipe.columns[column] ?? missing(column)) }));
    const servers = columns.flatMap(({ llm }) => (llm === 'none' ? [] : serversOf(this.recipe, llm)));
    const needs = {
      dataset: this.#dataset(dataset),
      ...(kb === undefined ? {} : { kb: this.#kb(kb) }),
      ...this.#trained(
        columns.flatMap(({ llm, embedder, prompt }) => [llm, embedder, parsePromptName(prompt ?? '').tune]),
      ),
      ...Object.fromEntries([...new Set(servers)].map((server) => [`server:${server}`, this.#deployment(server)])),
    };
    const spec: StepSpec = { kind: 'evaluate', part: part ?? null, columns, ...rest };
    return this.#step(`evaluate ${name}`, name, spec, needs, this.#withModels());
  }
}

/** What refers to nothing was refused when the recipe was read. */
function missing(name: string): never {
  throw new Error(`the recipe has no ${name}`);
}

/** Hex sha256 of a value, whatever the order of its keys. Pure. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`;
}
