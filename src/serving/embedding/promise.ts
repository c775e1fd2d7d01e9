import { CANARY_TEXTS, insistOn, type Kept, promiseOf, readPromise, writePromise } from '../../models/canary.ts';

/** Vectors of texts as they are, without an instruction. */
export type EmbedPlain = (texts: readonly string[]) => Promise<readonly Float32Array[]>;

/** How often a server looks whether its vectors are still those that its model's fingerprint promises. */
export const CHECK_EVERY_MS = 3_600_000;

/**
 * Holds an embedder to the vectors that its fingerprint promises, in `file`. The first to be asked makes the promise: our own
 * runtime (`reference`) where it has the model, else `embed` itself (`made`). Throws `checksum` for other vectors, by name.
 */
export async function holdToPromise(
  file: string,
  name: string,
  embed: EmbedPlain,
  reference: EmbedPlain = embed,
): Promise<Kept | 'made'> {
  const known = readPromise(file);
  const promised = known ?? promiseOf(await reference(CANARY_TEXTS));
  if (!known) writePromise(file, promised);
  if (!known && reference === embed) return 'made';
  return insistOn(promised, await embed(promised.texts), name);
}

/** What a job says of it. */
export const keptLine = (kept: Kept | 'made'): string =>
  kept === 'made'
    ? 'its vectors of eight texts are kept: from now on they must be the same'
    : `gives the vectors that its fingerprint promises (cosine at least ${kept.cosine.toFixed(6)} on eight texts)`;

/** Calls `check` every so often until `signal` aborts; `onFault` gets what it throws, once. */
export function repeatCheck(
  check: () => Promise<unknown>,
  onFault: (error: unknown) => void,
  signal: AbortSignal,
): void {
  const timer = setInterval(() => void check().catch(stop), CHECK_EVERY_MS);
  timer.unref();
  function stop(error: unknown): void {
    clearInterval(timer);
    if (!signal.aborted) onFault(error);
  }
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
