import { createHash } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { RagtuiError } from '../../platform/errors.ts';
import type { ExtractedDocument } from '../types.ts';
import { decodeText } from './encoding.ts';
import { asRow } from './jsonl.ts';
import { documentsOfRows, type Row } from './rows.ts';
import { LIMITS, type Loader } from './types.ts';

/** CMRC 2018 as published for the tutorial. */
const cmrcSchema = z
  .array(z.object({ context_id: z.string(), context_text: z.string(), title: z.string().default('') }))
  .min(1);

/** SQuAD and its relatives. */
const squadSchema = z.object({
  data: z
    .array(
      z.object({
        title: z.string().default(''),
        paragraphs: z.array(z.object({ id: z.string().optional(), context: z.string() })),
      }),
    )
    .min(1),
});

/** Question sets in the layout of CMRC 2018 or SQuAD (each context is a document), or an array of objects (rows.ts). */
export const json: Loader = {
  id: 'json',
  extensions: ['.json'],
  maxBytes: LIMITS.json,
  async *load(file, options) {
    const value = parsed(decodeText(await file.read()));
    const cmrc = cmrcSchema.safeParse(value);
    const squad = squadSchema.safeParse(value);
    if (cmrc.success && options.textColumn === undefined) yield* contexts(file.path, cmrcContexts(cmrc.data));
    else if (squad.success && options.textColumn === undefined) yield* contexts(file.path, squadContexts(squad.data));
    else yield* documentsOfRows(file.path, () => rowsOf(value), options);
  },
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0]?.slice(0, 120) : '';
    throw new RagtuiError('corrupt', `It is not valid JSON: ${why}.`, 'Correct it; for one object a line use .jsonl.');
  }
}

interface Context {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

function cmrcContexts(data: z.output<typeof cmrcSchema>): Context[] {
  return data.map(({ context_id, context_text, title }) => ({ id: context_id, title, text: context_text }));
}

function squadContexts({ data }: z.output<typeof squadSchema>): Context[] {
  return data.flatMap(({ title, paragraphs }) =>
    paragraphs.map(({ id, context }) => ({ id: id ?? hash(context), title, text: context })),
  );
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** One document per context id; the same context again is left out, another text under the same id gets its own key. */
function* contexts(file: string, found: readonly Context[]): Generator<ExtractedDocument> {
  const texts = new Map<string, string>();
  for (const { id, title, text: raw } of found) {
    const text = raw.replaceAll('\r\n', '\n');
    const key = texts.has(id) && texts.get(id) !== text ? `${id}-${hash(text)}` : id;
    if (texts.has(key)) continue;
    texts.set(key, text);
    yield { key, title: title || path.basename(file), text, metadata: { format: 'json' } };
  }
}

/** The rows of an array, of the one array of objects inside an object, or the object itself. */
function rowsOf(value: unknown): Row[] {
  if (Array.isArray(value)) {
    return value.map((item: unknown, i) => {
      const row = asRow(item);
      if (!row)
        throw new RagtuiError('unsupported', `Entry ${i + 1} is not a JSON object.`, 'Make it an array of objects.');
      return row;
    });
  }
  const object = asRow(value);
  if (!object || typeof value === 'string') {
    throw new RagtuiError(
      'unsupported',
      'It is neither an object nor an array of objects.',
      'See the README for the layouts.',
    );
  }
  const lists = Object.values(object).filter((entry) => Array.isArray(entry) && entry.some((item) => asRow(item)));
  return lists.length === 1 ? rowsOf(lists[0]) : [object];
}
