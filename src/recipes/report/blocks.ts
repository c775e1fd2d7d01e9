import { escaped, htmlPage } from '../../platform/html-page.ts';
import { sanitize, sanitizeLine } from '../../platform/sanitize.ts';

/** A report in pieces that read alike as Markdown and as a page. Cells are plain text. */
export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'verdict'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: 'code'; readonly text: string };

export const heading = (level: 1 | 2 | 3, text: string): Block => ({ kind: 'heading', level, text });
export const text = (line: string): Block => ({ kind: 'text', text: line });
export const verdict = (line: string): Block => ({ kind: 'verdict', text: line });
export const list = (items: readonly string[]): Block[] => (items.length === 0 ? [] : [{ kind: 'list', items }]);
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): Block[] =>
  rows.length === 0 ? [] : [{ kind: 'table', head, rows }];
export const code = (body: string): Block => ({ kind: 'code', text: body });

/** Markdown; what stands in a cell cannot end it. Pure. */
export function toMarkdown(blocks: readonly Block[]): string {
  return `${blocks.map(markdownOf).join('\n\n')}\n`;
}

function markdownOf(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${inline(block.text)}`;
    case 'text':
      return inline(block.text);
    case 'verdict':
      return `**${inline(block.text)}**`;
    case 'list':
      return block.items.map((item) => `- ${inline(item)}`).join('\n');
    case 'table': {
      const line = (cells: readonly string[]) => `| ${cells.map(inline).join(' | ')} |`;
      return [line(block.head), `|${' --- |'.repeat(block.head.length)}`, ...block.rows.map(line)].join('\n');
    }
    case 'code':
      return `\`\`\`\`\n${sanitize(block.text).trimEnd()}\n\`\`\`\``;
  }
}

const inline = (line: string): string =>
  sanitizeLine(line).replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*').replaceAll('`', '\\`');

const STYLE = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; display: block; overflow-x: auto; }
th, td { text-align: left; padding: .2rem .7rem; border-bottom: 1px solid #8884; vertical-align: top; }
.verdict { font-size: 1.15rem; border-left: 4px solid #8886; padding-left: .8rem; }
pre { overflow-x: auto; font-size: .85rem; border: 1px solid #8884; padding: .6rem; }
`;

/** One page: no script, nothing loaded, all text escaped. Pure. */
export function toHtml(title: string, blocks: readonly Block[]): string {
  return htmlPage(title, STYLE, blocks.map(htmlOf));
}

function htmlOf(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h${block.level}>${escaped(block.text)}</h${block.level}>`;
    case 'text':
      return `<p>${escaped(block.text)}</p>`;
    case 'verdict':
      return `<p class="verdict">${escaped(block.text)}</p>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${escaped(item)}</li>`).join('')}</ul>`;
    case 'table': {
      const row = (cells: readonly string[], tag: 'th' | 'td') =>
        `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
      return `<table>${row(block.head, 'th')}${block.rows.map((cells) => row(cells, 'td')).join('')}</table>`;
    }
    case 'code':
      return `<pre>${escaped(block.text)}</pre>`;
  }
}
