import { afterEach, describe, expect, it } from 'vitest';
import type { KnowledgeBase } from '../../src/kb/types.ts';
import { knowledgeBase } from '../store/fakes.ts';
import { frameFaults, openScreens, type ScreensWindow } from './screens-window.tsx';

let window: ScreensWindow | undefined;
afterEach(() => {
  window?.dispose();
  window = undefined;
});

type Server = NonNullable<KnowledgeBase['indexes'][number]['server']>;
const kept = (server: Server): KnowledgeBase => {
  const base = knowledgeBase('papers', { server: server.server });
  return { ...base, indexes: base.indexes.map((index) => ({ ...index, server })) };
};
const current: Server = { server: 'pg-east', state: 'current', behind: 0, reason: null };

describe('a knowledge base on a vector database, on the knowledge screen', () => {
  it.each([
    ['en', 80, 24, current, 'it answers'],
    ['en', 120, 40, { ...current, state: 'behind', behind: 1200 }, '1.2k behind'],
    ['en', 80, 24, { ...current, state: 'unreachable', behind: 30 }, '30 behind'],
    ['zh', 80, 24, { ...current, state: 'unreachable', behind: 30 }, '落后 30 条'],
    ['zh', 120, 40, { ...current, state: 'differs' }, '内容不一致：请校验'],
  ] as const)('says who answers, and how far it is (%s, %i × %i)', async (language, columns, rows, server, words) => {
    window = await openScreens({ columns, rows, language, bases: [kept(server)] });
    await window.press('2');
    const text = window.rows().join('\n');
    expect(text).toContain('pg-east');
    expect(text).toContain(words);
    expect(frameFaults(window.rows(), columns, rows)).toEqual([]);
  });
});

it.each([
  ['en', 80, 24, 'its last build'],
  ['zh', 120, 40, '上次构建索引失败'],
] as const)(
  'says why the index of a knowledge base is not built (%s, %i × %i)',
  async (language, columns, rows, words) => {
    const base = knowledgeBase('papers');
    const indexes = base.indexes.map((index) => ({
      ...index,
      search: 'rebuilding' as const,
      trouble: 'no room on it',
    }));
    window = await openScreens({ columns, rows, language, bases: [{ ...base, indexes }] });
    await window.press('2');
    const text = window.rows().join('\n');
    expect(text).toContain(words);
    expect(text).toContain('no room');
    expect(frameFaults(window.rows(), columns, rows)).toEqual([]);
  },
);
