import path from 'node:path';
import { Readability } from '@mozilla/readability';
import { decodeText, detectEncoding } from './encoding.ts';
import { type DomNode, parseDocument, textOf } from './html-text.ts';
import { LIMITS, type Loader } from './types.ts';

/** An article with less of the page's text than this is a wrong guess. */
const ARTICLE_SHARE = 0.6;

/** Web pages as light Markdown: the article if there is one, else the page without navigation and footer, else all of it. */
export const html: Loader = {
  id: 'html',
  extensions: ['.html', '.htm', '.xhtml'],
  maxBytes: LIMITS.markup,
  async *load(file) {
    const bytes = await file.read();
    const encoding = detectEncoding(bytes, declaredCharset(bytes));
    const source = decodeText(bytes, encoding);
    const page = await parseDocument(source);
    const root: DomNode = page.documentElement;
    const title = textOfTitle(source) || headingOf(root) || path.basename(file.path);
    const all = textOf(root, false) || textOf(root);
    const article = await articleOf(source);
    const text = article.length >= all.length * ARTICLE_SHARE && leavesOutMore(all, article) ? article : all;
    yield { key: '', title, text, metadata: { format: 'html', encoding: encoding.label } };
  },
};

/** `<meta charset>` or its old form, in the first bytes as browsers look for it. */
function declaredCharset(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 2048)).toString('latin1');
  return /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/i.exec(head)?.[1]?.toLowerCase();
}

/** The article as Readability finds it, '' if there is none. It works on a document of its own, for it takes it apart. */
async function articleOf(source: string): Promise<string> {
  const document = await parseDocument(source);
  try {
    const article = new Readability<DomNode>(document, { serializer: (node: DomNode) => node }).parse();
    return article?.content ? textOf(article.content) : '';
  } catch {
    // Odd markup that it cannot handle: the body's text is there all the same.
    return '';
  }
}

/** Whether the article lacks lines other than headings: it changes and drops some of those, so it must gain us something. */
function leavesOutMore(all: string, article: string): boolean {
  const kept = new Set(article.split('\n'));
  return all.split('\n').some((line) => !line.startsWith('#') && !kept.has(line));
}

function textOfTitle(source: string): string {
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(source.slice(0, 50_000))?.[1] ?? '';
  return decodeEntities(title).replace(/\s+/g, ' ').trim();
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]+));/gi, (whole, decimal, hex, name) => {
    const code = decimal ? Number(decimal) : hex ? Number.parseInt(hex, 16) : Number.NaN;
    if (code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)) return String.fromCodePoint(code);
    return ENTITIES[String(name).toLowerCase()] ?? whole;
  });
}

function headingOf(node: DomNode): string {
  const heading = /^# (.+)$/m.exec(textOf(node));
  return heading?.[1]?.trim() ?? '';
}
