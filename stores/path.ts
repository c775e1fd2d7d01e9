import { createStore, type StoreApi } from 'zustand/vanilla';

export interface PathEntry {
  readonly name: string;
  readonly folder: boolean;
}

/** The file system as a path field needs it. Rejects when a path cannot be read. */
export interface PathPort {
  readonly homeFolder: string;
  readonly currentFolder: string;
  kind(path: string): Promise<'folder' | 'file' | 'missing'>;
  entries(folder: string): Promise<readonly PathEntry[]>;
}

export interface PathState {
  readonly text: string;
  /** The absolute path the text means. */
  readonly path: string;
  readonly kind: 'folder' | 'file' | 'missing' | 'checking';
  /** What the last part may become, folders first. */
  readonly completions: readonly PathEntry[];
  /** Looks at another text; a slower look at an earlier one is dropped. */
  look(text: string): Promise<void>;
  /** The text with the last part completed: by one entry, or as far as all completions agree. */
  completed(entry?: PathEntry): string;
}
export type PathStore = StoreApi<PathState>;

const MOST_COMPLETIONS = 200;

/** `~` and relative paths made absolute; no `..` is resolved through links, so the user sees what they typed. */
export function absolutePath(text: string, port: Pick<PathPort, 'homeFolder' | 'currentFolder'>): string {
  const trimmed = text.trim();
  if (trimmed === '~' || trimmed.startsWith('~/')) return port.homeFolder + trimmed.slice(1);
  return trimmed.startsWith('/') ? trimmed : `${port.currentFolder.replace(/\/$/, '')}/${trimmed}`;
}

/** A path being typed: whether it is there, and how it may go on. */
export function createPathStore(port: PathPort): PathStore {
  let turn = 0;
  return createStore<PathState>()((set, get) => ({
    text: '',
    path: port.currentFolder,
    kind: 'checking',
    completions: [],
    look: async (text) => {
      const mine = ++turn;
      const path = absolutePath(text, port);
      set({ text, path, kind: 'checking' });
      const cut = path.lastIndexOf('/');
      const folder = path.slice(0, cut) || '/';
      const begun = path.slice(cut + 1);
      const [kind, entries] = await Promise.all([
        port.kind(path).catch(() => 'missing' as const),
        port.entries(folder).catch(() => []),
      ]);
      if (mine !== turn) return;
      const completions = entries
        .filter(({ name }) => name.startsWith(begun) && (begun.startsWith('.') || !name.startsWith('.')))
        .sort((a, b) => Number(b.folder) - Number(a.folder) || a.name.localeCompare(b.name))
        .slice(0, MOST_COMPLETIONS);
      set({ kind, completions });
    },
    completed: (entry) => {
      const { text, completions } = get();
      const chosen = entry ? [entry] : completions;
      const first = chosen[0];
      if (!first) return text;
      const start = text.slice(0, text.lastIndexOf('/') + 1);
      if (chosen.length === 1) return `${start}${first.name}${first.folder ? '/' : ''}`;
      return start + chosen.reduce((common, { name }) => commonStart(common, name), first.name);
    },
  }));
}

function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}
