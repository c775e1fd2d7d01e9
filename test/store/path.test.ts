import { describe, expect, it } from 'vitest';
import { absolutePath, createPathStore, type PathEntry, type PathPort } from '../../stores/path.ts';
import { type Deferred, deferred, settle } from './fakes.ts';

const TREE: Record<string, readonly PathEntry[]> = {
  '/home/me': [
    { name: 'notes.md', folder: false },
    { name: 'notes', folder: true },
    { name: '笔记', folder: true },
    { name: '.cache', folder: true },
  ],
  '/home/me/notes': [
    { name: 'march-1.md', folder: false },
    { name: 'march-2.md', folder: false },
  ],
};

const port: PathPort = {
  homeFolder: '/home/me',
  currentFolder: '/home/me/notes',
  kind: async (path) => (TREE[path.replace(/\/$/, '')] ? 'folder' : path.endsWith('.md') ? 'file' : 'missing'),
  entries: async (folder) => TREE[folder] ?? [],
};

describe('path field', () => {
  it.each([
    ['~', '/home/me'],
    ['~/notes', '/home/me/notes'],
    ['/srv/a b', '/srv/a b'],
    ['march-1.md', '/home/me/notes/march-1.md'],
  ])('%s means %s', (text, path) => {
    expect(absolutePath(text, port)).toBe(path);
  });

  it('offers folders first, hidden ones only when asked for', async () => {
    const store = createPathStore(port);
    await store.getState().look('~/');
    expect(store.getState().completions.map(({ name }) => name)).toEqual(['notes', '笔记', 'notes.md']);
    await store.getState().look('~/.');
    expect(store.getState().completions.map(({ name }) => name)).toEqual(['.cache']);
  });

  it('completes as far as all agree, and one chosen entry whole', async () => {
    const store = createPathStore(port);
    await store.getState().look('~/notes/m');
    expect(store.getState().completed()).toBe('~/notes/march-');
    await store.getState().look('~/笔');
    expect(store.getState().completed()).toBe('~/笔记/');
    expect(store.getState().completed({ name: 'notes.md', folder: false })).toBe('~/notes.md');
  });

  it('drops what comes late for an earlier text', async () => {
    const slow: Deferred<readonly PathEntry[]>[] = [];
    const store = createPathStore({
      ...port,
      entries: () => {
        const entries = deferred<readonly PathEntry[]>();
        slow.push(entries);
        return entries.promise;
      },
    });
    const first = store.getState().look('/a');
    const second = store.getState().look('/b');
    await settle();
    slow[1]?.resolve([{ name: 'bee', folder: true }]);
    await second;
    slow[0]?.resolve([{ name: 'ant', folder: true }]);
    await first;
    expect(store.getState().completions.map(({ name }) => name)).toEqual(['bee']);
  });
});
