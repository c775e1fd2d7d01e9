import { documentName } from '../store/documents.ts';
import { metadataSchema } from '../store/knowledge-bases.ts';

/** Filters on `path` are globs on the document's name; all others are exact values of its metadata. */
export type MetadataFilter = Readonly<Record<string, string>>;

export interface FilteredDocument {
  readonly path: string;
  readonly key: string;
  readonly metadata: string;
}

/** Makes the test of a filter; undefined when it lets everything through. */
export function documentTest(filter: MetadataFilter): ((document: FilteredDocument) => boolean) | undefined {
  const { path, ...exact } = filter;
  const wanted = Object.entries(exact);
  const pattern = path === undefined ? undefined : globPattern(path);
  if (!pattern && wanted.length === 0) return undefined;
  return (document) => {
    if (pattern && !pattern.test(documentName(document)) && !pattern.test(document.path)) return false;
    if (wanted.length === 0) return true;
    const metadata = metadataSchema.parse(JSON.parse(document.metadata));
    return wanted.every(([name, value]) => Object.hasOwn(metadata, name) && String(metadata[name]) === value);
  };
}

/**
 * A glob as a regular expression: `*` any run within a folder, `**` across folders, `?` one character. A pattern that
 * does not start at the root matches from any folder on: `*.md`, `notes/*.txt`.
 */
export function globPattern(glob: string): RegExp {
  const body = glob.replace(/\*\*\/?|[*?]|[\\^$.|+()[\]{}]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return `\\${part}`;
  });
  return new RegExp(`${glob.startsWith('/') ? '^' : '(?:^|/)'}${body}$`, 'u');
}
