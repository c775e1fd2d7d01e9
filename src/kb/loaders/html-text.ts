import { RagtuiError } from '../../platform/errors.ts';

/** As much of a DOM node as reading needs; linkedom's nodes fit. */
export interface DomNode {
  readonly nodeType: number;
  readonly localName?: string;
  readonly textContent: string | null;
  readonly childNodes: Iterable<DomNode>;
  hasAttribute?(name: string): boolean;
}

const ELEMENT = 1;
const TEXT = 3;
const MAX_DEPTH = 1000;

const SKIPPED = new Set(
  'script style noscript template svg math iframe object embed canvas audio video head select button dialog'.split(' '),
);
const BLOCKS = new Set(
  `address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form header hr
  html legend main nav ol p section summary table tbody tfoot thead ul caption`.split(/\s+/),
);
const PAGE_FURNITURE = new Set(['nav', 'footer', 'aside']);

/** The text of HTML as light Markdown: "#" headings, "- " lists, "a | b" table rows, fenced <pre>; blank line between blocks. */
export async function htmlToText(html: string): Promise<string> {
  return textOf(await parseDom(html));
}

/** The root element of a page. A fragment is put into a body first: the DOM library needs one. */
async function parseDom(html: string): Promise<DomNode> {
  return (await parseDocument(html)).documentElement;
}

/** A fresh DOM document; its own type is whatever the library and Readability agree on. */
export async function parseDocument(html: string) {
  refuseDeep(html);
  const { parseHTML } = await import('linkedom');
  const whole = /<html[\s>]/i.test(html) ? html : `<html><body>${html}</body></html>`;
  return parseHTML(whole).document;
}

const tooDeep = (): RagtuiError =>
  new RagtuiError('unsupported', `Its elements are nested more than ${MAX_DEPTH} deep.`, 'Save it as text.');

/** Elements that need no end tag, or have no content, and so say nothing about depth. */
const UNCLOSED = new Set(
  `p li td th tr dt dd option optgroup tbody thead tfoot colgroup rt rp html head body area base br col embed hr img
  input link meta param source track wbr`.split(/\s+/),
);

/** The DOM library takes time that grows with the square of the depth, so depth is looked at before. */
function refuseDeep(html: string): void {
  let depth = 0;
  for (const [, slash, name = ''] of html.matchAll(/<(\/?)([a-z][a-z0-9-]*)/gi)) {
    if (UNCLOSED.has(name.toLowerCase())) continue;
    depth = slash ? Math.max(0, depth - 1) : depth + 1;
    // Text in scripts and inline svg may count a little wrong: leave room before the walk's own limit is asked.
    if (depth > MAX_DEPTH * 5) throw tooDeep();
  }
}

/** Text of a node and all below; `furniture` = whether <nav>, <footer> and <aside> count. */
export function textOf(node: DomNode, furniture = true): string {
  const out = new TextLayout();
  visit(node, out, { furniture, depth: 0, lists: 0, inCell: false });
  return out.text();
}

interface Place {
  readonly furniture: boolean;
  readonly depth: number;
  /** Lists around this node. */
  readonly lists: number;
  /** A table row is one line, whatever stands in its cells. */
  readonly inCell: boolean;
}

function visit(node: DomNode, out: TextLayout, place: Place): void {
  if (node.nodeType === TEXT) {
    out.words(node.textContent ?? '');
    return;
  }
  if (place.depth > MAX_DEPTH) throw tooDeep();
  const name = node.nodeType === ELEMENT ? (node.localName ?? '') : '';
  if (SKIPPED.has(name) || node.hasAttribute?.('hidden') || (!place.furniture && PAGE_FURNITURE.has(name))) return;
  const inside = (change: Partial<Place> = {}): void => {
    const below = { ...place, ...change, depth: place.depth + 1 };
    for (const child of node.childNodes) visit(child, out, below);
  };
  const lists = place.lists + (name === 'ul' || name === 'ol' ? 1 : 0);
  const border = borderOf(name, place);
  out.border(border);
  if (name === 'pre' && !place.inCell) out.code(node.textContent ?? '');
  else if (name === 'td' || name === 'th') {
    out.cell();
    inside({ inCell: true });
  } else {
    if (/^h[1-6]$/.test(name) && border === 'block') out.mark(`${'#'.repeat(Number(name[1]))} `);
    if (name === 'li' && border === 'line') out.mark(`${'  '.repeat(Math.max(0, lists - 1))}- `);
    inside({ lists });
  }
  if (name !== 'br') out.border(border);
}

type Border = 'none' | 'blank' | 'line' | 'block';

/** What separates an element from its neighbours. */
function borderOf(name: string, { lists, inCell }: Place): Border {
  const isBlock = BLOCKS.has(name) || /^h[1-6]$/.test(name);
  if (inCell) return isBlock || name === 'br' || name === 'li' ? 'blank' : 'none';
  if (name === 'br' || name === 'li' || name === 'tr') return 'line';
  if (lists > 0 && (name === 'ul' || name === 'ol' || name === 'p')) return name === 'p' ? 'blank' : 'line';
  return isBlock ? 'block' : 'none';
}

/** Collects words into lines and blocks; white space outside code is one blank. */
class TextLayout {
  readonly #parts: string[] = [];
  #newlines = 0;
  #blank = false;
  #lineHasWords = false;
  #prefix = '';

  words(text: string): void {
    const pieces = text.split(/[^\S\u00a0]+/);
    pieces.forEach((piece, i) => {
      if (i > 0) this.#blank = true;
      if (piece !== '') this.#write(piece);
    });
  }

  border(border: Border): void {
    if (border === 'none') return;
    if (border === 'blank') this.#blank = true;
    else this.#newlines = Math.max(this.#newlines, border === 'line' ? 1 : 2);
    if (border === 'block') this.#prefix = '';
  }

  /** Stands before the next words if there are any. */
  mark(prefix: string): void {
    this.#prefix = prefix;
  }

  cell(): void {
    if (this.#newlines === 0 && this.#lineHasWords) this.#parts.push(' |');
    this.#blank = true;
  }

  code(text: string): void {
    if (text.trim() === '') return;
    this.border('block');
    this.#write(`\`\`\`\n${text.replace(/^\n|\s+$/g, '')}\n\`\`\``);
    this.border('block');
  }

  text(): string {
    return this.#parts.join('').trim();
  }

  #write(words: string): void {
    if (this.#newlines > 0 && this.#parts.length > 0) this.#parts.push('\n'.repeat(this.#newlines));
    else if (this.#blank && this.#lineHasWords) this.#parts.push(' ');
    this.#parts.push(this.#prefix, words);
    this.#prefix = '';
    this.#newlines = 0;
    this.#blank = false;
    this.#lineHasWords = true;
  }
}
