import { type FromChild, type LoadRequest, toChildSchema } from '../src/models/embedder-protocol.ts';
import {
  type EmbedderRuntime,
  loadEmbedder,
  loadReranker,
  type RerankerRuntime,
} from '../src/models/embedder-service.ts';
import { toRagtuiError } from '../src/platform/errors.ts';

// One model, one thread of work: requests run in the order they came. Lives as long as its parent's IPC channel.
type Runtime = { role: 'embedder'; runtime: EmbedderRuntime } | { role: 'reranker'; runtime: RerankerRuntime };

let loaded: Runtime | undefined;
let work: Promise<void> = Promise.resolve();
const cancelled = new Set<number>();
// Ids grow, so a cancel that comes too late is known by its number.
let finished = -1;

process.on('disconnect', () => process.exit(0));
// Ctrl+C in the parent's terminal is the parent's business.
process.on('SIGINT', () => {});
process.on('message', (raw) => {
  const message = toChildSchema.parse(raw);
  if (message.type === 'cancel') {
    if (message.id > finished) cancelled.add(message.id);
    return;
  }
  work = work.then(async () => {
    if (message.type === 'load') {
      await answer(undefined, async () => {
        loaded = await load(message.load);
        return { type: 'ready' };
      });
      return;
    }
    const isCancelled = () => cancelled.has(message.id);
    await answer(message.id, async () => {
      if (message.type === 'embed' && loaded?.role === 'embedder') {
        return { type: 'embedded', id: message.id, ...(await loaded.runtime.embed(message.texts, isCancelled)) };
      }
      if (message.type === 'rerank' && loaded?.role === 'reranker') {
        const scores = await loaded.runtime.rerank(message.query, message.texts, isCancelled);
        return { type: 'scored', id: message.id, scores };
      }
      throw new Error(`no model for ${message.type} is loaded`);
    });
    cancelled.delete(message.id);
    finished = message.id;
  });
});

async function load(request: LoadRequest): Promise<Runtime> {
  if (request.role === 'embedder') return { role: 'embedder', runtime: await loadEmbedder(request) };
  return { role: 'reranker', runtime: await loadReranker(request) };
}

async function answer(id: number | undefined, make: () => Promise<FromChild>): Promise<void> {
  let message: FromChild;
  try {
    message = await make();
  } catch (error) {
    const { code, message: text, hint } = toRagtuiError(error);
    const known = code === 'cancelled' || code === 'invalid' || code === 'corrupt' || code === 'not-found';
    message = {
      type: 'failed',
      ...(id === undefined ? {} : { id }),
      code: known ? code : 'internal',
      message: text,
      hint,
    };
  }
  process.send?.(message);
}
