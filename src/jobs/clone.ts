import { RagtuiError } from '../platform/errors.ts';
import { nearNames } from '../platform/near.ts';
import { parseValue } from '../training/settings.ts';
import { embedderOptionsSchema } from '../training/types.ts';
import { type JobWork, jobWorkSchema } from './types.ts';

type Value = string | number | boolean;

/** What a `--set` may never change: a job of another kind is another command. */
const FIXED = ['kind', 'settings', 'embedder'];

/** Options of an embedder's training that are no keys of its engine; `temperature` is one where it was said as such. */
function optionsOf(work: JobWork): readonly { readonly key: string; readonly value: unknown }[] {
  if (work.kind !== 'train-embedder') return [];
  const values = new Map<string, unknown>(Object.entries(work.embedder ?? {}));
  return Object.keys(embedderOptionsSchema.shape)
    .filter((key) => key !== 'temperature' || values.has(key))
    .map((key) => ({ key, value: values.get(key) }));
}

/** As the command of a training takes them: `on|off`, lengths with commas; what is as usual, or empty, is not said. */
function optionValue(key: string, value: Value): unknown {
  if (value === '') return undefined;
  if (key === 'matryoshka') return String(value).split(',').map(Number);
  if (key === 'instruction') return value === 'off' || value === false ? false : undefined;
  if (key === 'distill' || key === 'int8') return value === 'on' || value === true ? true : undefined;
  return value;
}

/** `--set key=value`, several. Throws `usage`. */
export function parseChanges(texts: readonly string[]): Record<string, Value> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, key, value] = /^([A-Za-z]\w*)=(.*)$/s.exec(text) ?? [];
      if (key !== undefined && value !== undefined) return [key, parseValue(value)];
      throw new RagtuiError('usage', `"${text}" is not a change.`, 'Give it as --set key=value, e.g. --set limit=50.');
    }),
  );
}

/**
 * The work of a job with changes: a key of its own work, else (of a training) a key of the engine's. Pure.
 * Lists and whole objects cannot be changed so. Throws `usage` for an unknown key, with the nearest, or a wrong value.
 */
export function changedWork(work: JobWork, changes: Readonly<Record<string, Value>>): JobWork {
  const schema = jobWorkSchema.options.find(({ shape }) => shape.kind.value === work.kind);
  const keys = Object.keys(schema?.shape ?? {}).filter((key) => !FIXED.includes(key));
  const before = new Map<string, unknown>(Object.entries(work));
  const plain = plainKeys(work);
  const typed = optionsOf(work).map(({ key }) => key);
  const trains = 'settings' in work;

  const own: Record<string, Value> = {};
  const engine: Record<string, Value> = {};
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(changes)) {
    // A name of digits is still a name: a text stays one where the work had one.
    if (plain.includes(key)) own[key] = typeof before.get(key) === 'string' ? String(value) : value;
    else if (typed.includes(key)) options[key] = optionValue(key, value);
    else if (trains && !keys.includes(key) && !FIXED.includes(key)) engine[key] = value;
    else throw unknownKey(work.kind, key, plain);
  }
  const settings = trains ? { settings: { ...work.settings, ...engine } } : {};
  const embedder = work.kind === 'train-embedder' ? { ...work.embedder, ...options } : {};
  const given = Object.entries(embedder).filter(([, value]) => value !== undefined);
  const { embedder: _, ...others } = { embedder: undefined, ...work };
  const said = given.length === 0 ? {} : { embedder: Object.fromEntries(given) };
  const parsed = jobWorkSchema.safeParse({ ...others, ...own, ...settings, ...said });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RagtuiError(
    'usage',
    `${issue?.path.join('.') ?? 'a value'} cannot be that: ${issue?.message ?? 'it does not fit'}.`,
    'See `ragtui jobs show ID` for what it was.',
  );
}

/** The keys of a work that can be changed, with what they are now; '' = not set. An engine's own come after. Pure. */
export function changeable(work: JobWork): { readonly key: string; readonly value: string }[] {
  const values = new Map<string, unknown>(Object.entries(work));
  const own = plainKeys(work).map((key) => ({ key, value: valueText(values.get(key)) }));
  const engine = 'settings' in work ? Object.entries(work.settings) : [];
  const options = optionsOf(work).map(({ key, value }) => ({ key, value: valueText(value) }));
  return [...own, ...options, ...engine.map(([key, value]) => ({ key, value: String(value) }))];
}

const valueText = (value: unknown): string => (value === undefined || value === null ? '' : String(value));

/** Keys of one value. Lists and whole objects cannot be changed so. */
function plainKeys(work: JobWork): string[] {
  const schema = jobWorkSchema.options.find(({ shape }) => shape.kind.value === work.kind);
  const values = new Map<string, unknown>(Object.entries(work));
  return Object.keys(schema?.shape ?? {}).filter(
    (key) => !FIXED.includes(key) && (typeof values.get(key) !== 'object' || values.get(key) === null),
  );
}

function unknownKey(kind: string, key: string, keys: readonly string[]): RagtuiError {
  const [near] = nearNames(key, keys);
  return new RagtuiError(
    'usage',
    `A job of kind ${kind} has no "${key}" that --set could change.`,
    near ? `Did you mean ${near}?` : `It has: ${keys.join(', ') || 'none'}.`,
  );
}

/** `name-2`, `name-3` …: the first that `taken` does not know. A number at its end is counted on. Pure. */
export function nextName(name: string, taken: (name: string) => boolean): string {
  const [, stem = name, number] = /^(.*?)-(\d{1,3})$/.exec(name) ?? [];
  for (let next = number === undefined ? 2 : Number(number) + 1; ; next += 1) {
    if (!taken(`${stem}-${next}`)) return `${stem}-${next}`;
  }
}
