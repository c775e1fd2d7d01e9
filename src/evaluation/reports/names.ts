/** The formats of `eval report --format`; `registry.ts` has their writers. */
export const FORMAT_NAMES = ['md', 'html', 'json', 'csv', 'jsonl', 'junit', 'tutorial'] as const;
export type ReportFormatName = (typeof FORMAT_NAMES)[number];
