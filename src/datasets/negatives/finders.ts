import type { KbClient } from '../../kb/protocol.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { PhaseProgress } from '../making/progress.ts';
import type { MakingOf } from '../making/types.ts';
import { Bm25Index } from './bm25.ts';
import type { Finder, Measure } from './mine.ts';
import type { MiningRow, PassagePool } from './pool.ts';
import { Vectors } from './vectors.ts';

interface Wish {
  readonly paths: WorkspacePaths;
  readonly work: MakingOf<'negatives'>;
  readonly rows: readonly MiningRow[];
  readonly pool: PassagePool;
  /** With it, its index answers for the embedders. */
  readonly kb: KbClient | null;
  readonly progress: PhaseProgress;
  readonly signal: AbortSignal;
  readonly onNote: (text: string) => void;
}

interface Finders {
  /** In the order of the sources. */
  readonly bySource: readonly (Finder | undefined)[];
  readonly measure: Measure | null;
  readonly measuredBy: string | null;
  close(): void;
}

/** Makes what the sources and the audit look passages up with; everything is embedded when it resolves. */
export async function makeFinders(wish: Wish): Promise<Finders> {
  const { work, pool, kb } = wish;
  const named = work.sources.flatMap((source) => (source.from === 'embedder' ? [source.embedder] : []));
  const measuredBy = work.audit.embedder ?? named[0] ?? null;
  const measures = kb === null || work.audit.embedder !== null || work.audit.above !== null;
  const made = new Map<string, Vectors>();
  const close = () => {
    for (const vectors of made.values()) vectors.close();
  };
  try {
    for (const embedder of new Set([...named, ...(measuredBy === null ? [] : [measuredBy])])) {
      const whole = kb === null || (measures && embedder === measuredBy);
      made.set(embedder, await embedAll(wish, embedder, whole));
    }
    const bm25 = work.sources.some(({ from }) => from === 'bm25') ? new Bm25Index(pool.texts) : undefined;
    const bySource = work.sources.map((source): Finder | undefined => {
      if (source.from === 'bm25') return bm25 && overBm25(bm25);
      if (source.from !== 'embedder') return undefined;
      const vectors = made.get(source.embedder);
      return vectors && (kb ? overKb(wish, kb, source.embedder, vectors) : overVectors(vectors));
    });
    const measuring = measuredBy === null || !measures ? undefined : made.get(measuredBy);
    return { bySource, measure: measuring ? (q, p) => measuring.score(q, p) : null, measuredBy, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** `whole`: also the passages; else only questions and positives, for the margin. */
function embedAll(
  { paths, rows, pool, progress, signal, onNote }: Wish,
  embedder: string,
  whole: boolean,
): Promise<Vectors> {
  progress.begin(`embedding with ${embedder}`, 0, 'texts');
  const texts = {
    queries: rows.map(({ query }) => query),
    pool: whole ? pool.texts : [],
    others: rows.flatMap(({ positives }) => positives),
  };
  return Vectors.make(paths, embedder, texts, {
    signal,
    onNote,
    onProgress: (done, total) => progress.advance(done, total),
  });
}

const overBm25 = (index: Bm25Index): Finder => ({
  find: async (query, limit) => index.search(query, limit),
  scoreOf: (query, passage) => index.scoreOf(query, passage),
});

const overVectors = (vectors: Vectors): Finder => ({
  find: async (query, limit) => vectors.search(query, limit),
  scoreOf: (query, passage) => vectors.score(query, passage),
});

/** The most a knowledge base gives for one question. */
const MOST_HITS = 1000;

function overKb({ work, pool, signal }: Wish, kb: KbClient, embedder: string, vectors: Vectors): Finder {
  return {
    async find(query, limit) {
      const group = work.kb?.group;
      const { hits } = await kb.call(
        'search',
        {
          kb: work.kb?.name ?? '',
          query,
          mode: 'vector',
          embedder,
          topK: Math.min(MOST_HITS, limit),
          ...(group ? { group } : {}),
        },
        { signal },
      );
      return hits.flatMap(({ text, score }) => {
        const at = pool.find(text);
        return at === undefined ? [] : [{ at, score }];
      });
    },
    scoreOf: (query, passage) => vectors.score(query, passage),
  };
}
