/** Broken panels that wait for another try, and those who want to know (the log). */
const waiting = new Set<() => void>();
const listeners = new Set<(error: unknown) => void>();

export const retries = {
  /** A panel broke; returns how it leaves the list. */
  add(error: unknown, again: () => void): () => void {
    waiting.add(again);
    for (const listener of listeners) listener(error);
    return () => waiting.delete(again);
  },
  any: (): boolean => waiting.size > 0,
  /** Lets every broken panel try again. */
  retry(): void {
    const all = [...waiting];
    waiting.clear();
    for (const again of all) again();
  },
  onError(listener: (error: unknown) => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
