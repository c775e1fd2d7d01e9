import { z } from 'zod';
import type { Complain } from './complain.ts';
import { didYouMean } from './nearest.ts';
import { schemaProblems } from './problems.ts';
import { referenceProblems } from './references.ts';
import { type Recipe, recipeSchema } from './schema.ts';
import { type Path, type RecipeProblem, readYaml, type YamlSource } from './source.ts';
import type { Scalar } from './types.ts';
import { type Declared, declaredVars, mentioned, substitute } from './variables.ts';

/** One combination of a sweep's values with the recipe that it makes; without a sweep there is one, with no values. */
export interface Variant {
  readonly values: Readonly<Record<string, Scalar>>;
  readonly recipe: Recipe;
}

/** A recipe as read: it can be run when there are no problems. */
export interface ReadRecipe {
  readonly name: string;
  readonly about: string;
  readonly problems: readonly RecipeProblem[];
  readonly vars: readonly {
    readonly name: string;
    readonly about: string;
    readonly value: Scalar | null;
    /** Set in every variant of the sweep: a value given otherwise would not be used. */
    readonly swept: boolean;
  }[];
  readonly variants: readonly Variant[];
  /** So many trainings of its sweep run at once under Slurm; absent: as many as there is room for. */
  readonly atOnce?: number | undefined;
  readonly source: YamlSource;
}

const MOST_VARIANTS = 64;
const headSchema = z.object({ name: z.string(), about: z.string().default('') });

/**
 * Reads a recipe: its YAML, its variables with those `given` over them, its sweep, its schema and what refers to what.
 * Whatever is wrong is in `problems`, by line; nothing outside of the text is looked at. Pure.
 */
export function readRecipe(text: string, given: Readonly<Record<string, Scalar>> = {}): ReadRecipe {
  const source = readYaml(text);
  const problems = [...source.problems];
  const head = headSchema.safeParse(source.value).data ?? { name: '', about: '' };
  let atOnce: number | undefined;
  const made = (vars: ReadRecipe['vars'], variants: readonly Variant[]): ReadRecipe => ({
    ...head,
    problems: inOrder(problems),
    vars,
    variants,
    atOnce,
    source,
  });
  if (problems.length > 0) return made([], []);
  const complain: Complain = (path, message, hint = '') => {
    const place = path[0] === 'vars' ? source.keyPlace(path) : source.place(path);
    problems.push({ ...place, at: path.join('.'), message, hint });
  };
  if (typeof source.value !== 'object' || source.value === null || Array.isArray(source.value)) {
    complain([], 'This is no recipe.', 'It begins with "recipe: 1" and "name: …".');
    return made([], []);
  }
  const raw = new Map<string, unknown>(Object.entries(source.value));
  const declared = declaredVars(raw.get('vars'), complain);
  const vars = valuesOf(declared, given, complain);
  const sweeps = combinations(raw.get('sweep'), declared, complain);
  atOnce = sweepOf(raw.get('sweep'))?.['at-once'];
  const isSwept = (name: string) => sweeps.length > 0 && sweeps.every((values) => Object.hasOwn(values, name));
  const shown = [...declared].map(([name, { about }]) => ({
    name,
    about,
    value: vars.get(name) ?? null,
    swept: isSwept(name),
  }));
  for (const name of Object.keys(given).filter(isSwept)) sweptAway(name, 'over' in Object(raw.get('sweep')), complain);
  // A value that a sweep gives need not be given otherwise.
  const swept = new Set(sweeps.flatMap((values) => Object.keys(values)));
  for (const name of wanted(raw, declared, vars, swept)) missing(name, declared, complain);
  if (problems.length > 0) return made(shown, []);
  const body = Object.fromEntries([...raw].filter(([key]) => key !== 'vars' && key !== 'sweep'));
  const variants: Variant[] = [];
  for (const values of sweeps.length > 0 ? sweeps : [{}]) {
    const all = new Map([...vars, ...Object.entries(values)]);
    const filled = substitute(body, all, complain);
    const parsed = recipeSchema.safeParse(filled, { reportInput: true });
    if (parsed.success) {
      problems.push(...referenceProblems(parsed.data, source));
      variants.push({ values, recipe: parsed.data });
    } else problems.push(...schemaProblems(recipeSchema, parsed.error, source));
  }
  return made(shown, variants);
}

function valuesOf(
  declared: ReadonlyMap<string, Declared>,
  given: Readonly<Record<string, Scalar>>,
  complain: Complain,
): Map<string, Scalar> {
  const vars = new Map<string, Scalar>();
  for (const [name, { value }] of declared) if (value !== undefined) vars.set(name, value);
  for (const [name, value] of Object.entries(given)) {
    if (!declared.has(name))
      complain(['vars'], `There is no variable "${name}" to set.`, didYouMean(name, declared.keys()));
    vars.set(name, value);
  }
  return vars;
}

/** Declared without a value, and mentioned somewhere. */
function wanted(
  raw: ReadonlyMap<string, unknown>,
  declared: ReadonlyMap<string, Declared>,
  vars: ReadonlyMap<string, Scalar>,
  swept: ReadonlySet<string>,
): string[] {
  const used = new Set([...raw].filter(([key]) => key !== 'vars').flatMap(([, value]) => mentioned(value)));
  return [...declared.keys()].filter((name) => used.has(name) && !vars.has(name) && !swept.has(name));
}

/** A given value that every variant sets otherwise would not be seen anywhere. */
function sweptAway(name: string, isOver: boolean, complain: Complain): void {
  complain(
    isOver ? ['sweep', 'over', name] : ['sweep', 'list', 0, name],
    `The sweep sets "${name}" in every variant: a value given for it would not be used.`,
    `Leave out --var ${name}, or take ${name} out of the sweep.`,
  );
}

function missing(name: string, declared: ReadonlyMap<string, Declared>, complain: Complain): void {
  const about = declared.get(name)?.about ?? '';
  complain(
    ['vars', name],
    `The variable "${name}" has no value${about ? ` (${about})` : ''}.`,
    `Give it: --var ${name}=…`,
  );
}

const sweepOf = (sweep: unknown) => recipeSchema.shape.sweep.safeParse(sweep ?? undefined).data;

/** What each variant sets; [] without a sweep. What the schema says of a sweep is said later. */
function combinations(
  sweep: unknown,
  declared: ReadonlyMap<string, Declared>,
  complain: Complain,
): Record<string, Scalar>[] {
  if (sweep === undefined || sweep === null) return [];
  const block = sweepOf(sweep);
  if (!block) {
    const { 'at-once': atOnce, ...rest } = Object(sweep);
    if (atOnce !== undefined && sweepOf(rest)) {
      complain(['sweep', 'at-once'], 'at-once is a whole number, 1 or more.');
      return [];
    }
    complain(['sweep'], 'A sweep has "over" or "list".', 'over: {rank: [4, 8]}, or list: [{rank: 4, alpha: 8}, …].');
    return [];
  }
  const { over, list } = block;
  if ((over === undefined) === (list === undefined)) {
    complain(
      ['sweep'],
      'A sweep has either "over" or "list".',
      'over: every value with every other; list: exactly these.',
    );
    return [];
  }
  const check = (name: string, path: Path) => {
    if (!declared.has(name)) complain(path, `There is no variable "${name}".`, didYouMean(name, declared.keys()));
  };
  const values = over ?? {};
  const count = list?.length ?? Object.values(values).reduce((product, each) => product * each.length, 1);
  for (const name of Object.keys(values)) check(name, ['sweep', 'over', name]);
  for (const [at, one] of (list ?? []).entries()) {
    for (const name of Object.keys(one)) check(name, ['sweep', 'list', at, name]);
  }
  // Counted before it is made: ten variables of twenty values would fill any memory.
  if (count <= MOST_VARIANTS) return list ?? cartesian(values);
  complain(['sweep'], `This makes ${count} variants; ${MOST_VARIANTS} are the most.`, 'Take fewer values, or a list.');
  return [];
}

/** Every value of each with every value of the others; the last one changes fastest. */
function cartesian(over: Readonly<Record<string, readonly Scalar[]>>): Record<string, Scalar>[] {
  return Object.entries(over).reduce<Record<string, Scalar>[]>(
    (all, [name, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
}

/** By line and column, each once: variants of a sweep find the same things. Pure. */
export function inOrder(problems: readonly RecipeProblem[]): RecipeProblem[] {
  const once = new Map(problems.map((one) => [JSON.stringify([one.line, one.column, one.message]), one]));
  return [...once.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}
