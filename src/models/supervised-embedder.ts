import { RagtuiError } from '../platform/errors.ts';
import { startEmbedder } from './embedder-client.ts';
import type { Embedded, EmbedderProcess, EmbedOptions, ResolvedEmbedder, StartOptions } from './embedder-types.ts';

export interface SupervisedOptions extends StartOptions {
  /** Told each time a dead child is replaced, so that a screen can say so. */
  readonly onRestart?: (reason: string) => void;
  /** For tests: how a process is started. */
  readonly start?: (resolved: ResolvedEmbedder, options: StartOptions) => Promise<EmbedderProcess>;
}

export interface SupervisedEmbedder {
  readonly resolved: ResolvedEmbedder;
  /** Of the child that runs now; undefined between two. */
  readonly pid: () => number | undefined;
  embed(texts: readonly string[], options: EmbedOptions): Promise<Embedded>;
  close(): Promise<void>;
}

/**
 * An embedder that survives the death of its child: it is started again and the call replayed once. Texts that end it
 * twice are halved until the one to blame is found; that one is refused from then on (`invalid`, it names the text's
 * number), the rest keep working. Starts lazily, at the first call.
 */
export function supervisedEmbedder(resolved: ResolvedEmbedder, options: SupervisedOptions = {}): SupervisedEmbedder {
  const start = options.start ?? startEmbedder;
  const quarantined = new Set<string>();
  let current: Promise<EmbedderProcess> | undefined;
  let pid: number | undefined;
  let closed = false;

  function ensure(): Promise<EmbedderProcess> {
    if (closed) return Promise.reject(new RagtuiError('unavailable', 'The embedder is closed.'));
    current ??= start(resolved, options).then(
      (started) => {
        pid = started.pid;
        started.onExit(() => {
          current = undefined;
          pid = undefined;
        });
        return started;
      },
      (error: unknown) => {
        current = undefined;
        throw error;
      },
    );
    return current;
  }

  /** Undefined when the process died of the call; failing to start is not the fault of a text and is thrown. */
  async function once(texts: readonly string[], how: EmbedOptions): Promise<Embedded | undefined> {
    const started = await ensure();
    try {
      return await started.embed(texts, how);
    } catch (error) {
      const died = error instanceof RagtuiError && error.code === 'unavailable';
      // A server that stays away is no death of ours, and a closed embedder is not started again.
      if (!died || closed || resolved.source.kind !== 'folder') throw error;
      options.onRestart?.(error.message);
      return undefined;
    }
  }

  /** `first` is the number of `texts[0]` in the caller's list. */
  async function guarded(texts: readonly string[], first: number, how: EmbedOptions): Promise<Embedded> {
    const bad = texts.findIndex((text) => quarantined.has(text));
    if (bad >= 0) throw refused(first + bad);
    const done = (await once(texts, how)) ?? (await once(texts, how));
    if (done) return done;
    const [only] = texts;
    if (texts.length === 1 && only !== undefined) {
      quarantined.add(only);
      throw refused(first);
    }
    const middle = Math.ceil(texts.length / 2);
    const left = await guarded(texts.slice(0, middle), first, how);
    const right = await guarded(texts.slice(middle), first + middle, how);
    return {
      vectors: [...left.vectors, ...right.vectors],
      tokens: [...left.tokens, ...right.tokens],
      cut: [...(left.cut ?? []), ...(right.cut ?? []).map((position) => middle + position)],
    };
  }

  return {
    resolved,
    pid: () => pid,
    embed: (texts, how) => (texts.length === 0 ? Promise.resolve({ vectors: [], tokens: [] }) : guarded(texts, 0, how)),
    async close() {
      closed = true;
      const process = await current?.catch(() => undefined);
      await process?.close();
    },
  };
}

const refused = (index: number): RagtuiError =>
  new RagtuiError(
    'invalid',
    `Text ${index + 1} ends the embedding process each time it is tried.`,
    'Leave this text out.',
  );
