import { describe, expect, it } from 'vitest';
import { type BoundAction, bindActions, type Scope } from '../../../src/keys/bind.ts';
import { footerItems, helpSections, keyTableMarkdown, paletteItems } from '../../../src/keys/help.ts';
import { isKey, keyName } from '../../../src/keys/names.ts';
import { checkKeymap, keyProblems } from '../../../src/keys/registry.ts';
import { resolve } from '../../../src/keys/resolve.ts';
import type { Action } from '../../../src/keys/types.ts';

type Part = Partial<Action<null>> & Pick<Action<null>, 'id' | 'keys'>;
const actions = (...parts: readonly Part[]): readonly BoundAction[] =>
  bindActions(
    parts.map((part): Action<null> => ({ title: part.id, help: `Does ${part.id}.`, run: () => undefined, ...part })),
    () => null,
  );
const scope = (name: string, ...parts: readonly Part[]): Scope => ({ name, actions: actions(...parts) });
const found = (key: string, scopes: readonly Scope[], inText = false): string => {
  const result = resolve(key, scopes, inText);
  return result.kind === 'none' ? 'none' : result.kind === 'action' ? result.action.id : `no: ${result.reason}`;
};

describe('resolving a key', () => {
  const pane = scope(
    'pane',
    { id: 'open', keys: ['enter'] },
    { id: 'cancel', keys: ['esc'], when: () => 'nothing runs' },
  );
  const screen = scope('screen', { id: 'add', keys: ['a'] }, { id: 'send', keys: ['enter', 'ctrl+s'], inText: true });
  const global = scope(
    'global',
    { id: 'back', keys: ['esc'], inText: true },
    { id: 'help', keys: ['?', 'f1'], inText: true },
  );
  const scopes = [pane, screen, global];

  it('takes the innermost meaning', () => {
    expect(found('enter', scopes)).toBe('open');
    expect(found('a', scopes)).toBe('add');
    expect(found('x', scopes)).toBe('none');
  });

  it('lets a key through to an outer action when the inner one cannot run, else says why', () => {
    expect(found('esc', scopes)).toBe('back');
    expect(found('esc', [pane, screen])).toBe('no: nothing runs');
  });

  it('keeps characters for the text while one types, but not the other keys', () => {
    expect(found('a', scopes, true)).toBe('none');
    expect(found('?', scopes, true)).toBe('none');
    expect(found('f1', scopes, true)).toBe('help');
    expect(found('enter', scopes, true)).toBe('send');
    expect(found('esc', scopes, true)).toBe('back');
  });
});

describe('names of keys', () => {
  it.each([
    ['ctrl+p', 'Ctrl+P'],
    ['alt+enter', 'Alt+Enter'],
    ['G', 'G'],
    ['g', 'g'],
    ['pageup', 'PgUp'],
    ['up', '↑'],
    ['f12', 'F12'],
    ['shift+tab', 'Shift+Tab'],
    ['+', '+'],
    ['ctrl++', 'Ctrl++'],
  ])('%s is written %s', (key, name) => {
    expect(keyName(key)).toBe(name);
    expect(isKey(key)).toBe(true);
  });

  it.each(['', 'control+p', 'shift+ctrl+p', 'return', 'ab', 'ctrl+', 'f25'])('%j is no key', (key) => {
    expect(isKey(key)).toBe(false);
  });
});

describe('clashes', () => {
  const table = (place: string, ...parts: readonly Part[]) => ({ place, title: place, actions: actions(...parts) });

  it('are found in one place and in the places around it', () => {
    const tables = [
      table('global', { id: 'g.quit', keys: ['q'] }, { id: 'g.back', keys: ['esc'] }),
      table('kb', { id: 'kb.add', keys: ['a'] }, { id: 'kb.again', keys: ['a'] }),
      table('kb.list', { id: 'kb.quick', keys: ['q'] }, { id: 'kb.stop', keys: ['esc'] }),
      table('ask', { id: 'ask.add', keys: ['a'] }),
      table('overlay', { id: 'o.q', keys: ['q'] }),
    ];
    expect(keyProblems(tables)).toEqual([
      { kind: 'clash', key: 'a', first: 'kb.add', second: 'kb.again', place: 'kb' },
      { kind: 'clash', key: 'q', first: 'g.quit', second: 'kb.quick', place: 'kb.list' },
    ]);
  });

  it('ids used twice, impossible keys and keys of the text field are found', () => {
    const tables = [
      table('a', { id: 'same', keys: ['x'] }),
      table('b', { id: 'same', keys: ['return'] }),
      table('c', { id: 'typed', keys: ['t'], inText: true }, { id: 'stolen', keys: ['ctrl+w'], inText: true }),
    ];
    expect(keyProblems(tables, ['ctrl+w']).map((problem) => problem.kind)).toEqual([
      'same-id',
      'bad-key',
      'typed',
      'typed',
    ]);
  });
});

describe('a user’s keymap', () => {
  const tables = [
    {
      place: 'global',
      title: 'Everywhere',
      actions: actions({ id: 'app.quit', keys: ['q'] }, { id: 'app.zoom', keys: ['z'] }),
    },
    { place: 'kb', title: 'KB', actions: actions({ id: 'kb.add', keys: ['a'] }) },
  ];

  it('may move and swap keys', () => {
    const { keys, problems } = checkKeymap({ 'app.quit': ['z'], 'app.zoom': ['q'], 'kb.add': ['ctrl+n', '+'] }, tables);
    expect(problems).toEqual([]);
    expect(Object.fromEntries(keys)).toEqual({ 'app.quit': ['z'], 'app.zoom': ['q'], 'kb.add': ['ctrl+n', '+'] });
  });

  it('bad entries are left out and told; the others hold', () => {
    const { keys, problems } = checkKeymap(
      { 'app.quit': ['x'], 'kb.add': ['z'], 'kb.ad': ['n'], 'app.zoom': ['strg+z'] },
      tables,
    );
    expect(Object.fromEntries(keys)).toEqual({ 'app.quit': ['x'] });
    expect(problems).toContainEqual({ kind: 'unknown-action', id: 'kb.ad' });
    expect(problems).toContainEqual({ kind: 'bad-key', id: 'app.zoom', key: 'strg+z' });
    expect(problems).toContainEqual({ kind: 'clash', key: 'z', first: 'app.zoom', second: 'kb.add', place: 'kb' });
  });

  it('an action may be left without a key', () => {
    const { keys, problems } = checkKeymap({ 'app.quit': [] }, tables);
    expect([keys.get('app.quit'), problems]).toEqual([[], []]);
  });
});

describe('footer, help, palette', () => {
  const pane = scope(
    'Documents',
    { id: 'open', keys: ['enter'], rank: 2 },
    { id: 'delete', keys: ['d'], rank: 1, when: () => 'none there' },
  );
  const global = scope(
    'Everywhere',
    { id: 'help', keys: ['?', 'f1'], rank: 90, inText: true },
    { id: 'enter', keys: ['enter'], rank: 1 },
  );
  const measure = (text: string): number => text.length;

  it('the footer goes by rank, innermost first, and leaves out what is dead', () => {
    const items = footerItems([pane, global], { inText: false, width: 80, measure });
    expect(items.map(({ keys, title }) => [keys, title])).toEqual([
      ['Enter', 'open'],
      ['?', 'help'],
    ]);
  });

  it('the footer fits, and shows only what works while one types', () => {
    expect(footerItems([pane, global], { inText: false, width: 10, measure }).map((item) => item.title)).toEqual([
      'open',
    ]);
    expect(footerItems([pane, global], { inText: true, width: 80, measure }).map((item) => item.keys)).toEqual(['F1']);
  });

  it('help lists each key once, with the reason why not', () => {
    expect(helpSections([pane, global])).toEqual([
      {
        title: 'Documents',
        rows: [
          { id: 'open', keys: 'Enter', title: 'open', help: 'Does open.', disabled: undefined },
          { id: 'delete', keys: 'd', title: 'delete', help: 'Does delete.', disabled: 'none there' },
        ],
      },
      {
        title: 'Everywhere',
        rows: [{ id: 'help', keys: '? F1', title: 'help', help: 'Does help.', disabled: undefined }],
      },
    ]);
  });

  it('the palette finds by title and id, and shows what matched', () => {
    expect(paletteItems([pane, global], '').map((item) => item.action.id)).toEqual(['open', 'delete', 'help', 'enter']);
    const [first] = paletteItems([pane, global], 'ＤＬＴ');
    expect(first).toMatchObject({ title: 'delete', disabled: 'none there', matched: [0, 2, 4] });
    expect(paletteItems([pane], 'zzz')).toEqual([]);
    const chinese = paletteItems([pane], '打开', ({ id, help }) => ({ title: id === 'open' ? '打开' : id, help }));
    expect(chinese.map((item) => item.title)).toEqual(['打开']);
  });

  it('the README table has a row per action', () => {
    const table = {
      place: 'kb',
      title: 'Knowledge',
      actions: actions({ id: 'kb.pipe', keys: ['|', 'ctrl+p'], title: 'Pipe' }),
    };
    expect(keyTableMarkdown([table])).toBe(
      [
        '### Knowledge',
        '',
        '| Keys | Action | What it does | Id |',
        '| --- | --- | --- | --- |',
        '| `\\|` `Ctrl+P` | Pipe | Does kb.pipe. | `kb.pipe` |',
        '',
      ].join('\n'),
    );
  });
});
