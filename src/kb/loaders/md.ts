import path from 'node:path';
import { decodePieces, detectEncoding } from './encoding.ts';
import { documentsOfPieces } from './parts.ts';
import { LIMITS, type Loader } from './types.ts';

/** Markdown, kept as it is written (the `markdown` splitter reads its headings); the title is the first heading. */
export const md: Loader = {
  id: 'md',
  extensions: ['.md', '.markdown', '.mdx'],
  maxBytes: LIMITS.text,
  async *load(file) {
    const bytes = await file.read();
    const encoding = detectEncoding(bytes);
    const metadata = { format: 'md', encoding: encoding.label };
    const title = path.basename(file.path);
    for (const document of documentsOfPieces(decodePieces(bytes, encoding), { key: '', title, metadata })) {
      yield { ...document, title: markdownTitle(document.text) ?? title };
    }
  },
};

/** `title:` of the front matter, else the first heading of the first level, else the first heading. */
export function markdownTitle(text: string): string | undefined {
  const head = text.slice(0, 4000);
  const front = /^---\n([\s\S]*?)\n---\n/.exec(head)?.[1];
  const declared = front && /^title:[ \t]*["']?(.+?)["']?[ \t]*$/m.exec(front)?.[1];
  const heading = /^# +(.+?)[ #]*$/m.exec(head)?.[1] ?? /^#{2,6} +(.+?)[ #]*$/m.exec(head)?.[1];
  return (declared ?? heading)?.trim() || undefined;
}
