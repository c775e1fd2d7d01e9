import type { ColumnResult, CompareEvent, CompareRequest } from '../../src/rag/compare.ts';
import type { ComparePort } from '../../stores/compare.ts';
import { type KeptComparisons, keptComparisons, recordOfRequest } from './compare-kb.ts';
import { type Deferred, deferred } from './fakes.ts';

/** A comparison engine whose events are pushed by the test; what ends is kept in `history`. */
export function fakeCompare(history: KeptComparisons = keptComparisons()) {
  const asked: {
    readonly request: CompareRequest;
    readonly keep: boolean;
    readonly signal: AbortSignal;
    readonly emit: (column: number, event: CompareEvent) => void;
    readonly end: Deferred<void>;
  }[] = [];
  const exported = new Map<string, string>();
  const port: ComparePort = {
    compare: async (request, { signal, keep, onEvent }) => {
      const end = deferred<void>();
      const results: ColumnResult[] = [];
      const emit = (column: number, event: CompareEvent): void => {
        if (event.type === 'ended') results[column] = event.result;
        onEvent(column, event);
      };
      asked.push({ request, keep, signal, emit, end });
      await end.promise;
      return { id: keep ? history.add(recordOfRequest(request, results.filter(Boolean))) : null, fault: null };
    },
    served: () => [],
    prompts: () => ['default', 'tutorial', 'sft'],
    changes: async () => [],
    export: async (name, text) => {
      exported.set(name, text);
      return `/exports/${name}`;
    },
  };
  return { port, asked, exported, history };
}
