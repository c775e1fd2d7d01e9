import { findMetric } from '../metrics/registry.ts';
import type { RunReport } from '../report.ts';
import type { ItemResult } from '../types.ts';

/** The tutorial's three figures, by our names. */
const LINES = [
  { name: 'exact', title: 'exact' },
  { name: 'cosine', title: 'cosine' },
  { name: 'origin-tutorial', title: 'origin' },
] as const;

/**
 * A column as LazyLLM's tutorial (chapter 9) reports it: a JSON list with one object a question, then its summary lines,
 * sum/N and percent. Its cosine is by bge-large-zh-v1.5; the name of ours says which embedder it was.
 */
export function tutorialReport(report: RunReport, items: readonly ItemResult[]): string {
  const asked = report.columns.filter(({ baseline }) => !baseline);
  return `${asked
    .map((column) => {
      const own = items.filter((item) => item.column === column.name);
      const names = LINES.flatMap(({ name, title }) => {
        const found = Object.keys(column.metrics).find((one) => one === name || one.startsWith(`${name}@`));
        return found ? [{ found, title }] : [];
      });
      const rows = own.map(({ question, answers, output, scores }) => ({
        query: question,
        true: answers[0] ?? '',
        infer: output ?? '',
        ...Object.fromEntries(names.map(({ found, title }) => [`${title}_score`, scores[found] ?? 0])),
      }));
      const summary = names.map(({ found, title }) => {
        const { sum, n, mean } = column.metrics[found] ?? { sum: 0, n: 0, mean: 0 };
        const total = findMetric(found).binary ? String(Math.round(sum)) : sum.toFixed(2);
        return `${column.name} ${title} (${found}): ${total}/${n}, ${(100 * mean).toFixed(2)}%`;
      });
      return [JSON.stringify(rows, null, 2), ...summary].join('\n');
    })
    .join('\n\n')}\n`;
}
