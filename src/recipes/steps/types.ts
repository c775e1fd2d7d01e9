import type { JobView, JobWork, Progress } from '../../jobs/types.ts';
import type { KbClient } from '../../kb/protocol.ts';
import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { parsePromptName } from '../../rag/prompts.ts';
import type { SpecOf } from '../plan.ts';
import { BASE_SUFFIX, withoutEngine } from '../references.ts';
import type { Made, MadeOf, StepKind } from '../types.ts';

/** Where a recipe is done. */
export interface World {
  readonly paths: WorkspacePaths;
  /** Files are looked for in these, in this order. */
  readonly folders: readonly string[];
  readonly signal: AbortSignal;
  /** For as long as `use` takes. */
  readonly withKb: <T>(use: (kb: KbClient) => Promise<T>) => Promise<T>;
}

/** What a step takes from others, by what it calls them (`dataset`, `model:tuned`). */
export type Needs = Readonly<Record<string, Made>>;

export interface ChildOptions {
  /** Of a step that has several jobs. */
  readonly part?: string;
  /** The work of a second start, where it differs. */
  readonly again?: JobWork;
}

/** A step that is being done. */
export interface Doing<K extends StepKind> {
  readonly world: World;
  readonly spec: SpecOf<K>;
  readonly needs: Needs;
  /** What is made is called so: the step's name and the beginning of its key, so that other inputs get another name. */
  readonly madeName: string;
  readonly tell: (progress: Pick<Progress, 'phase' | 'done' | 'total' | 'unit'>) => void;
  readonly note: (text: string) => void;
  /** Runs a job to its end; see `childToEnd`. */
  readonly child: (work: JobWork, options?: ChildOptions) => Promise<JobView>;
}

/** How one kind of step is done. */
export interface StepDoer<K extends StepKind> {
  /** Grows when the same inputs give another result than before. */
  readonly version: number;
  /** What decides the result beside the spec and the steps before: bytes of files, digests of models, versions of engines. */
  facts(world: World, spec: SpecOf<K>, needs: Needs): Promise<unknown> | unknown;
  /** The digest of what was made as it is there now; undefined: it is gone. */
  there(world: World, made: Made): Promise<string | undefined> | string | undefined;
  make(doing: Doing<K>): Promise<Made>;
  /** A forecast, seconds; null: only what was measured tells. */
  expect?(world: World, spec: SpecOf<K>, needs: Needs): number | null;
}

const NAME_HEX = 6;

/** What a step makes is called so: its name in the recipe and the beginning of its key. Pure. */
export const madeNameOf = (name: string, key: string): string =>
  `${name.replace(/[^a-z0-9-]+/g, '-')}-${key.slice(0, NAME_HEX)}`;

/** Whether a step of a recipe may have called something so. Pure. */
export const isMadeName = (name: string): boolean => new RegExp(`^[a-z0-9-]+-[0-9a-f]{${NAME_HEX}}$`).test(name);

export function needed<T extends Made['type']>(needs: Needs, slot: string, type: T): MadeOf<T> {
  const found = needs[slot];
  if (found && isOf(found, type)) return found;
  throw new RagtuiError('internal', `The step lacks its ${slot}.`);
}

export function isOf<T extends Made['type']>(made: Made, type: T): made is MadeOf<T> {
  return made.type === type;
}

/** The part of a dataset by its whole name, `SPLIT/PART`; `usual` where none is named. */
export function partOf({ split }: MadeOf<'dataset'>, part: string | null, usual: 'train' | 'test' | 'all'): string {
  if (part === 'all') return 'all';
  const wanted = part ?? (split?.parts.some(({ name }) => name === usual) ? usual : 'all');
  if (wanted === 'all' || wanted.includes('/')) return wanted;
  return split?.parts.some(({ name }) => name === wanted) ? `${split.name}/${wanted}` : wanted;
}

/** A model's name as the workspace knows it: what a training of the recipe made in the place of the training's name. */
export function modelName(needs: Needs, model: string): string {
  const engine = model.slice(withoutEngine(model).length);
  const name = withoutEngine(model);
  const base = name.endsWith(BASE_SUFFIX);
  const made = needs[`model:${base ? name.slice(0, -BASE_SUFFIX.length) : name}`];
  if (!made || !isOf(made, 'model')) return model;
  return `${base ? made.base : made.name}${engine}`;
}

/** A prompt's name with the tune after its "@" as the workspace knows it. */
export function promptName(needs: Needs, name: string): string {
  const { prompt, tune } = parsePromptName(name);
  return tune === undefined ? prompt : `${prompt}@${modelName(needs, tune)}`;
}
