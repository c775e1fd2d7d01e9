import { RagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { datasetSlug } from '../layout.ts';
import { NumpyRng } from '../numpy-rng.ts';
import { type Dataset, openQaDataset } from '../open.ts';
import { programVersion } from '../program-version.ts';
import { DEFAULT_SEED } from '../split.ts';
import { publishVersion } from '../store.ts';
import { type DatasetManifest, isComplete, type QaRow, type RetrievalRow } from '../types.ts';
import { textKey, VersionWriter } from '../version-writer.ts';

/** As many as the tutorial gives each question. */
export const DEFAULT_NEGATIVES = 10;

export interface NegativeOptions {
  /** Negatives per question. */
  readonly count?: number;
  readonly seed?: number;
  /** The embedder's query instruction, written into every row as `prompt`; '' or absent: none. */
  readonly instruction?: string;
  /** Negatives come from this part too, so that training never sees a text of another part. */
  readonly part?: string;
}

/**
 * The complete questions of a part as retrieval rows: the context is the positive, the negatives are other contexts
 * of the same part. Never one under the row's own context id, nor one that is the same text but for white space.
 * The same seed gives the same rows. Errors: `invalid` when there are too few other contexts.
 */
export async function* addNegatives(
  dataset: Dataset<'qa'>,
  options: NegativeOptions = {},
): AsyncGenerator<RetrievalRow> {
  const { count = DEFAULT_NEGATIVES, seed = DEFAULT_SEED, instruction = '', part } = options;
  const pool = await contextPool(dataset, part);
  const rng = new NumpyRng(seed);
  for (const number of dataset.rowNumbers(part)) {
    const row = dataset.row(number);
    if (!isComplete(row)) continue;
    const neg = pool.pick(row, count, rng).map((at) => dataset.row(at).context);
    yield { query: row.question, pos: [row.context], neg, ...(instruction === '' ? {} : { prompt: instruction }) };
  }
}

/** Different contexts by their text; each is remembered by a row that has it, not by its text, to bound the memory. */
class ContextPool {
  private readonly places = new Map<string, number>();
  private readonly rows: number[] = [];
  /** Which places a context id has; nearly always one. */
  private readonly byId = new Map<string, Set<number>>();

  add(row: QaRow, number: number): void {
    const key = looseKey(row.context);
    const place = this.places.get(key) ?? this.rows.length;
    if (place === this.rows.length) {
      this.places.set(key, place);
      this.rows.push(number);
    }
    const places = this.byId.get(row.contextId);
    if (places) places.add(place);
    else this.byId.set(row.contextId, new Set([place]));
  }

  pick(row: QaRow, count: number, rng: NumpyRng): number[] {
    const own = new Set(this.byId.get(row.contextId));
    const same = this.places.get(looseKey(row.context));
    if (same !== undefined) own.add(same);
    const others = this.rows.length - own.size;
    if (others < count) {
      throw new RagtuiError(
        'invalid',
        `There are only ${others} other contexts for ${row.id}, ${count} are wanted.`,
        'Ask for fewer negatives, or take a larger part.',
      );
    }
    const chosen = new Set<number>();
    while (chosen.size < count) {
      const place = rng.upTo(this.rows.length - 1);
      if (!own.has(place)) chosen.add(place);
    }
    return [...chosen].map((place) => this.rows[place] ?? 0);
  }
}

/** Equal for texts that differ in white space and width of characters alone. */
export const looseKey = (text: string): string => textKey(text.normalize('NFKC').replace(/\s+/g, ' ').trim());

async function contextPool(dataset: Dataset<'qa'>, part: string | undefined): Promise<ContextPool> {
  const pool = new ContextPool();
  const numbers = dataset.rowNumbers(part);
  let at = 0;
  for await (const row of dataset.rows(part)) {
    const number = numbers[at++];
    if (number !== undefined && row.context.trim() !== '') pool.add(row, number);
  }
  return pool;
}

/**
 * `addNegatives` kept as a dataset of its own (kind `retrieval`), by default `NAME-retrieval`.
 */
export async function makeRetrievalDataset(
  paths: WorkspacePaths,
  name: string,
  options: NegativeOptions & { readonly as?: string; readonly signal?: AbortSignal } = {},
): Promise<{ manifest: DatasetManifest; added: boolean }> {
  const dataset = openQaDataset(paths, name);
  const { count = DEFAULT_NEGATIVES, seed = DEFAULT_SEED, instruction = '', part = 'all', signal } = options;
  const as = options.as ?? `${dataset.manifest.name}-retrieval`;
  datasetSlug(as);
  const { version, sha256, bytes, lineage } = dataset.manifest;
  const writer = new VersionWriter(paths);
  try {
    for await (const row of addNegatives(dataset, options)) writer.add(row);
    return await publishVersion(paths, writer.finish(), {
      name: as,
      kind: 'retrieval',
      lineage: {
        source: { name: `dataset ${dataset.manifest.name} ${version}`, sha256, bytes, format: 'qa' },
        steps: [
          ...lineage.steps,
          { name: 'negatives', parameters: { method: 'random', count, part, instruction }, seed },
        ],
        programVersion: programVersion(),
        createdAt: new Date().toISOString(),
      },
      ...(signal ? { signal } : {}),
    });
  } finally {
    writer.discard();
  }
}
