import type { RunReport } from '../report.ts';
import type { ItemResult } from '../types.ts';
import { csvReport } from './csv.ts';
import { htmlReport } from './html.ts';
import { junitReport } from './junit.ts';
import { markdownReport } from './markdown.ts';
import type { ReportFormatName } from './names.ts';
import { tutorialReport } from './tutorial.ts';

/** A way to write a run down: its figures and its finished items as one text. */
export interface ReportFormat {
  readonly about: string;
  /** Of the file's name. */
  readonly extension: string;
  write(report: RunReport, items: readonly ItemResult[]): string;
}

/** How each format is written. A new one is a file here, a name in `names.ts` and a line below. */
export const REPORT_FORMATS: Readonly<Record<ReportFormatName, ReportFormat>> = {
  md: { about: 'to read', extension: 'md', write: (report) => markdownReport(report) },
  html: { about: 'one page with charts and every question', extension: 'html', write: htmlReport },
  json: { about: 'the figures', extension: 'json', write: (report) => `${JSON.stringify(report, null, 2)}\n` },
  csv: {
    about: 'every item, for a spreadsheet',
    extension: 'csv',
    write: ({ run }, items) => csvReport(items, run.evaluation.metrics),
  },
  jsonl: {
    about: 'every item, as it was kept',
    extension: 'jsonl',
    write: (_, items) => items.map((item) => `${JSON.stringify(item)}\n`).join(''),
  },
  junit: { about: 'for continuous integration', extension: 'xml', write: junitReport },
  tutorial: { about: "LazyLLM's tutorial: its items and summary lines", extension: 'txt', write: tutorialReport },
};
