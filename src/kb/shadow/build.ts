import { setTimeout as delay } from 'node:timers/promises';
import type { Progress } from '../../jobs/types.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { EmbedQueue } from '../ingest/embed-queue.ts';
import { encodeVector } from '../ingest/encode-vector.ts';
import { Rate } from '../ingest/forecast.ts';
import type { KbClient, Params, Result } from '../protocol.ts';

/** An ingest may bring new texts while the first are embedded; after so many rounds it is too quick for us. */
const MOST_ROUNDS = 20;
const LOOK_MS = 300;

export interface ShadowDeps {
  readonly kb: KbClient;
  readonly name: string;
  readonly embedder: Params<'shadow.begin'>['embedder'];
  readonly lanes: number;
  readonly batch?: (embedder: string) => number;
  readonly embed: (
    lane: number,
    embedder: string,
    texts: readonly string[],
  ) => Promise<{ vectors: Float32Array[]; tokens: number[] }>;
  readonly onProgress: (progress: Progress) => void;
  readonly onLog: (level: 'info' | 'warn', text: string) => void;
  readonly signal: AbortSignal;
}

/** What a build did: live texts, those embedded by it, and the seconds it took. */
export interface ShadowReport {
  readonly texts: number;
  readonly embedded: number;
  readonly tokens: number;
  readonly seconds: number;
}

/**
 * Embeds every live text of a knowledge base with another embedder, then has its index built. The live one answers
 * meanwhile, and an ingest may go on. Stopped or killed, the next one goes on: what is embedded is kept.
 * Throws `cancelled`, `not-found` when the knowledge base or the embedder goes meanwhile, and what embedding throws.
 */
export async function buildShadow(deps: ShadowDeps): Promise<ShadowReport> {
  const started = performance.now();
  const { kb, name, embedder } = deps;
  const rate = new Rate(started);
  let { texts, missing } = await kb.call('shadow.begin', { kb: name, embedder });
  deps.onLog('info', `${missing} of ${texts} texts of ${name} have no vector of ${embedder.id} yet`);
  const report = { texts, embedded: 0, tokens: 0, seconds: 0 };
  const tell = (phase: string): void => {
    const left = Math.max(0, missing);
    const perSecond = rate.perSecond;
    deps.onProgress({
      phase,
      done: texts - left,
      total: texts,
      unit: 'texts',
      rate: perSecond,
      secondsLeft: phase === 'embedding' && perSecond ? left / perSecond : null,
      details: { embedded: report.embedded, tokens: report.tokens },
    });
  };
  const onEmbedded = (count: number, tokens: number): void => {
    report.embedded += count;
    report.tokens += tokens;
    missing -= count;
    rate.observe(count, performance.now());
    tell('embedding');
  };
  for (let round = 0; missing > 0; round += 1) {
    tell('embedding');
    const before = report.embedded;
    const problem = await embedMissing(deps, onEmbedded);
    ({ texts, missing } = await kb.call('shadow.begin', { kb: name, embedder }));
    if (missing > 0 && problem && report.embedded === before) throw problem;
    if (round === MOST_ROUNDS) {
      throw new RagtuiError(
        'busy',
        `"${name}" gets new texts faster than they are embedded.`,
        'Let its ingest end first.',
      );
    }
  }
  tell('building the index');
  await kb.call('shadow.settle', { kb: name, embedder: embedder.id });
  await indexBuilt(deps);
  tell('done');
  return { ...report, texts, seconds: (performance.now() - started) / 1000 };
}

/** Embeds what has no vector now. Returns why a text could not be embedded, if one could not. */
async function embedMissing(
  { kb, name, embedder, lanes, batch, embed, signal }: ShadowDeps,
  onEmbedded: (texts: number, tokens: number) => void,
): Promise<RagtuiError | undefined> {
  let first: RagtuiError | undefined;
  const queue = new EmbedQueue({
    lanes,
    ...(batch && { batch }),
    embed,
    store: async (_, vectors) => {
      const encoded = vectors.map(({ hash, vector }) => ({ hash, vector: encodeVector(vector) }));
      await kb.call('shadow.vectors', { kb: name, embedder: embedder.id, vectors: encoded });
    },
    onEmbedded,
  });
  const stop = (): void => queue.fail(new RagtuiError('cancelled', 'It was stopped.', 'Start it again to go on.'));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    let after: Result<'shadow.missing'>['next'] = null;
    for (;;) {
      const page: Result<'shadow.missing'> = await kb.call('shadow.missing', {
        kb: name,
        embedder: embedder.id,
        after,
      });
      for (const { hash, text } of page.texts) {
        await queue.add({ embedder: embedder.id, hash, text }, (problem) => {
          first ??= problem;
        });
      }
      if (page.next === null) break;
      after = page.next;
    }
    await queue.finish();
    return first;
  } catch (error) {
    await queue.abort();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Waits for the segments that make a large index fast. */
async function indexBuilt({ kb, name, embedder, signal }: ShadowDeps): Promise<void> {
  for (;;) {
    const { indexes } = await kb.call('kb.show', { kb: name });
    const ours = indexes.filter((index) => index.embedder === embedder.id);
    if (!ours.some(({ search }) => search === 'rebuilding')) return;
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
  }
}
