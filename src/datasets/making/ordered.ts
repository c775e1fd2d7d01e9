/**
 * Does `work` for every item, at most `concurrency` at once, and yields the results in the order of the items.
 * Ends early when the reader stops. The first error ends it.
 */
export async function* ordered<T, R>(
  items: Iterable<T>,
  concurrency: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const iterator = items[Symbol.iterator]();
  const running: Promise<R>[] = [];
  const startNext = () => {
    const { value, done } = iterator.next();
    if (done) return;
    const promise = work(value);
    // Its error is thrown where it is awaited; until then it is nobody's.
    promise.catch(() => {});
    running.push(promise);
  };
  while (running.length < concurrency) {
    const before = running.length;
    startNext();
    if (running.length === before) break;
  }
  for (let first = running.shift(); first; first = running.shift()) {
    const result = await first;
    startNext();
    yield result;
  }
}
