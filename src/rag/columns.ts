import { RagtuiError } from '../platform/errors.ts';
import { readOutputFormat } from './output-format.ts';
import { type Column, columnSchema } from './types.ts';

/** Keys of the command line form (design §8) and where their values go. */
const KEYS = [
  'name',
  'llm',
  'embedder',
  'group',
  'mode',
  'top-k',
  'reranker',
  'instruction',
  'context',
  'prompt',
  'temperature',
  'seed',
  'max-tokens',
  'format',
] as const;
type Key = (typeof KEYS)[number];
const isKey = (text: string): text is Key => KEYS.some((key) => key === text);

/**
 * A column from its command line form `name=base,llm=ID,context=gold`; `format=FILE` is read. Errors: `usage`, with what
 * is wrong and what could stand there.
 */
export function parseColumn(text: string): Column {
  const values = new Map<Key, string>();
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const key = part.slice(0, Math.max(0, at)).trim();
    if (!isKey(key)) throw wrong(text, `"${part.trim()}" is not KEY=VALUE`);
    if (values.has(key)) throw wrong(text, `${key} is there twice`);
    values.set(key, part.slice(at + 1).trim());
  }
  if (!values.get('name')) throw wrong(text, 'it has no name');
  const parsed = columnSchema.safeParse(asColumn(values, text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw wrong(text, `${issue?.path.map(String).join('.') ?? ''} ${issue?.message ?? 'is invalid'}`.trim());
}

function asColumn(values: ReadonlyMap<Key, string>, text: string): unknown {
  const count = (key: Key) => {
    const value = values.get(key);
    if (value === undefined) return undefined;
    if (value === '' || !Number.isFinite(Number(value))) throw wrong(text, `${key} is not a number`);
    return Number(value);
  };
  const instruction = values.get('instruction');
  if (instruction !== undefined && instruction !== 'on' && instruction !== 'off') {
    throw wrong(text, 'instruction is on or off');
  }
  const format = values.get('format');
  return {
    name: values.get('name'),
    llm: values.get('llm'),
    embedder: values.get('embedder'),
    group: values.get('group'),
    mode: values.get('mode'),
    topK: count('top-k'),
    reranker: values.get('reranker'),
    instruction: instruction === undefined ? undefined : instruction === 'on',
    context: values.get('context'),
    prompt: values.get('prompt'),
    format: format === undefined ? undefined : readOutputFormat(format),
    sampling: { temperature: count('temperature'), seed: count('seed'), maxTokens: count('max-tokens') },
  };
}

const wrong = (text: string, why: string): RagtuiError =>
  new RagtuiError('usage', `The column "${text}" is not right: ${why}.`, `Its keys are: ${KEYS.join(', ')}.`);

/** The columns of one table. Errors: `usage` also when two have the same name. */
export function parseColumns(texts: readonly string[]): Column[] {
  const columns = texts.map(parseColumn);
  for (const { name } of columns) {
    if (columns.filter((column) => column.name === name).length > 1) {
      throw new RagtuiError('usage', `Two columns are called "${name}".`, 'Give each a name of its own.');
    }
  }
  return columns;
}

/** Whether one of the columns searches a knowledge base: what reads a gold passage, or nothing, needs none. Pure. */
export const needsKb = (columns: readonly { readonly context?: Column['context'] | undefined }[]): boolean =>
  columns.some(({ context = 'retrieved' }) => context === 'retrieved');
