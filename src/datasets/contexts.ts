import path from 'node:path';
import type { Dataset } from './open.ts';
import { textKey } from './version-writer.ts';
import { replaceLines } from './write-lines.ts';

/** A context as a document of a knowledge base. */
export interface ContextDocument {
  /** The context's id. */
  readonly key: string;
  readonly text: string;
  readonly title: string | undefined;
}

/**
 * The different contexts of a part, one document each, in the order in which they first occur. Empty ones are left
 * out. Equal texts are one document, under their first id; a second text under one id gets `#2`.
 */
export async function* contextsOf(dataset: Dataset<'qa'>, part?: string): AsyncGenerator<ContextDocument> {
  const texts = new Set<string>();
  const ids = new Map<string, number>();
  for await (const row of dataset.rows(part)) {
    if (row.context.trim() === '') continue;
    const text = textKey(row.context);
    if (texts.has(text)) continue;
    texts.add(text);
    const times = (ids.get(row.contextId) ?? 0) + 1;
    ids.set(row.contextId, times);
    const title = row.metadata['title'];
    yield {
      key: times === 1 ? row.contextId : `${row.contextId}#${times}`,
      text: row.context,
      title: title === undefined ? undefined : String(title),
    };
  }
}

/** A part as a file name: `context/test` → `context-test`. */
export const partName = (part: string | undefined): string => (part ?? 'all').replaceAll('/', '-');

/**
 * Writes `contextsOf` as JSON lines that `ragtui ingest` reads (`id`, `title`, `text`), by default into the dataset's
 * own folder, where a later ingest finds it again. Returns the file and how many documents it holds.
 */
export async function writeContexts(
  dataset: Dataset<'qa'>,
  part?: string,
  folder: string = path.join(dataset.folder, 'contexts'),
): Promise<{ file: string; documents: number }> {
  const file = path.join(folder, `${dataset.manifest.slug}-${partName(part)}.jsonl`);
  const documents = await replaceLines(file, documentLines(dataset, part));
  return { file, documents };
}

async function* documentLines(dataset: Dataset<'qa'>, part: string | undefined): AsyncGenerator<unknown> {
  for await (const { key, title, text } of contextsOf(dataset, part)) {
    yield { id: key, ...(title === undefined ? {} : { title }), text };
  }
}
