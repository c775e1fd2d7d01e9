import { folded } from './folded.ts';
import type { Metric } from './types.ts';

/**
 * The share of the gold passage's characters (white space aside) that the first `k` chunks cover: each chunk covers where
 * its text stands in the passage, or all of it when it holds the passage. It compares node groups of any size.
 */
export function spanRecallMetric(k: number): Metric {
  return {
    name: `span-recall@${k}`,
    kind: 'retrieval',
    version: 1,
    range: [0, 1],
    direction: 'higher',
    binary: false,
    blindTo: 'Chunks that begin before the passage and end within it, and which of its characters the answer needs.',
    depth: k,
    score: ({ retrieved, goldContext }) => {
      const passage = plain(goldContext);
      if (!retrieved || passage === '') return null;
      const covered = new Uint8Array(passage.length);
      for (const { text } of retrieved.slice(0, k)) {
        const chunk = plain(text);
        if (chunk === '') continue;
        if (chunk.includes(passage)) return 1;
        for (let at = passage.indexOf(chunk); at >= 0; at = passage.indexOf(chunk, at + 1)) {
          covered.fill(1, at, at + chunk.length);
        }
      }
      return covered.reduce((sum, one) => sum + one, 0) / passage.length;
    },
  };
}

const plain = (text: string): string => folded(text).replaceAll(' ', '');
