import { escapeMarkup } from './markup.ts';
import { sanitize } from './sanitize.ts';

/** Text of models and data as it may stand in HTML or XML. Pure. */
export const escaped = (text: string): string => escapeMarkup(sanitize(text));

/** One HTML file that runs and loads nothing. The title is escaped here; what stands in the lines of the body is not. Pure. */
export function htmlPage(title: string, style: string, body: readonly string[]): string {
  return [
    '<!doctype html>',
    '<html><head><meta charset="utf-8">',
    // Nothing in it can run or load, even if an escape were missing.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    '<meta name="viewport" content="width=device-width">',
    `<title>${escaped(title)}</title><style>${style}</style></head><body>`,
    ...body,
    '</body></html>',
    '',
  ].join('\n');
}
