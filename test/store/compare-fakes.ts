import type { CompareEvent, CompareRequest } from '../../src/rag/compare.ts';
import type { ComparePort } from '../../stores/compare.ts';
import { type Deferred, deferred } from './fakes.ts';

/** A comparison engine whose events are pushed by the test. What is kept gets numbers from 1. */
export function fakeCompare() {
  const asked: {
    readonly request: CompareRequest;
    readonly keep: boolean;
    readonly signal: AbortSignal;
    readonly emit: (column: number, event: CompareEvent) => void;
    readonly end: Deferred<void>;
  }[] = [];
  const exported = new Map<string, string>();
  let kept = 0;
  const port: ComparePort = {
    compare: async (request, { signal, keep, onEvent }) => {
      const end = deferred<void>();
      asked.push({ request, keep, signal, emit: onEvent, end });
      await end.promise;
      return { id: keep ? ++kept : null, fault: null };
    },
    served: () => [],
    prompts: () => ['default', 'tutorial', 'sft'],
    changes: async () => [],
    export: async (name, text) => {
      exported.set(name, text);
      return `/exports/${name}`;
    },
  };
  return { port, asked, exported };
}
