import type { CompareEvent, CompareRequest } from '../../src/rag/compare.ts';
import type { ComparePort } from '../../stores/compare.ts';
import { type Deferred, deferred } from './fakes.ts';

/** A comparison engine whose events are pushed by the test. */
export function fakeCompare() {
  const asked: {
    readonly request: CompareRequest;
    readonly signal: AbortSignal;
    readonly emit: (column: number, event: CompareEvent) => void;
    readonly end: Deferred<void>;
  }[] = [];
  const port: ComparePort = {
    compare: (request, { signal, onEvent }) => {
      const end = deferred<void>();
      asked.push({ request, signal, emit: onEvent, end });
      return end.promise;
    },
    served: () => [],
  };
  return { port, asked };
}
