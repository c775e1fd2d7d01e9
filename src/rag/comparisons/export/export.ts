import type { KeptComparison } from '../types.ts';
import { comparisonHtml } from './html.ts';
import { comparisonMarkdown } from './markdown.ts';

export const EXPORT_FORMATS = ['md', 'json', 'html'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** A comparison as a document: to read (md, html) or whole, as the history has it (json). Pure. */
export function exportComparison(kept: KeptComparison, format: ExportFormat): string {
  if (format === 'md') return comparisonMarkdown(kept);
  return format === 'html' ? comparisonHtml(kept) : `${JSON.stringify(kept, null, 2)}\n`;
}

/** `comparison-12.md`. */
export const exportName = ({ id }: Pick<KeptComparison, 'id'>, format: ExportFormat): string =>
  `comparison-${id}.${format}`;
