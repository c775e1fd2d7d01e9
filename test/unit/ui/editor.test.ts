import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEditorModel } from '../../../src/ui/editor-model.ts';
import {
  type EditorCommand,
  type EditorState,
  edit,
  emptyEditor,
  markedEditor,
  submitted,
} from '../../../src/ui/editor-state.ts';
import { editorView } from '../../../src/ui/editor-view.ts';
import { graphemes, textWidth } from '../../../src/ui/text.ts';

/** `|` is the cursor. */
function state(marked: string): EditorState {
  const cursor = marked.indexOf('|');
  return { ...emptyEditor(marked.replace('|', '')), cursor };
}
const shown = ({ text, cursor }: EditorState): string => `${text.slice(0, cursor)}|${text.slice(cursor)}`;

describe('editing', () => {
  it.each<[string, EditorCommand, string]>([
    ['你|好', { type: 'insert', text: '们' }, '你们|好'],
    ['a👩‍👩‍👧|b', { type: 'delete-left' }, 'a|b'],
    ['a|🇨🇳b', { type: 'delete-right' }, 'a|b'],
    ['ae\u0301|', { type: 'left' }, 'a|e\u0301'],
    ['|👍🏽b', { type: 'right' }, '👍🏽|b'],
    ['one two|', { type: 'word-left' }, 'one |two'],
    ['one |two three', { type: 'word-right' }, 'one two| three'],
    ['我喜欢北京|', { type: 'word-left' }, '我喜欢|北京'],
    ['one two|', { type: 'delete-word-left' }, 'one |'],
    ['ab\ncd|ef', { type: 'start' }, 'ab\n|cdef'],
    ['ab\nc|def\ng', { type: 'end' }, 'ab\ncdef|\ng'],
    ['ab\nc|d', { type: 'text-start' }, '|ab\ncd'],
    ['ab\ncd|ef', { type: 'delete-to-start' }, 'ab\n|ef'],
    ['ab|cd\nef', { type: 'delete-to-end' }, 'ab|\nef'],
    ['|', { type: 'delete-left' }, '|'],
    ['ab|', { type: 'set', text: 'xyz' }, 'xyz|'],
    ['|a👩‍👩‍👧b', { type: 'to', cursor: 3 }, 'a|👩‍👩‍👧b'],
  ])('%s after %j is %s', (before, command, after) => {
    expect(shown(edit(state(before), command))).toBe(after);
  });

  it('undo takes back words, redo brings them again', () => {
    let now = emptyEditor();
    for (const letter of 'one two') now = edit(now, { type: 'insert', text: letter });
    now = edit(now, { type: 'undo' });
    expect(now.text).toBe('one');
    now = edit(now, { type: 'undo' });
    expect(now.text).toBe('');
    now = edit(edit(now, { type: 'redo' }), { type: 'redo' });
    expect(shown(now)).toBe('one two|');
    now = edit(edit(now, { type: 'undo' }), { type: 'insert', text: '!' });
    expect(edit(now, { type: 'redo' })).toBe(now);
  });

  it('the history is walked and the draft comes back', () => {
    let now = emptyEditor('draft', ['first', 'second']);
    now = edit(now, { type: 'older' });
    expect(now.text).toBe('second');
    now = edit(edit(now, { type: 'older' }), { type: 'older' });
    expect(now.text).toBe('first');
    now = edit(edit(now, { type: 'newer' }), { type: 'newer' });
    expect(now.text).toBe('draft');
  });

  it('a sent text goes to the history once, an empty one never', () => {
    const now = submitted({ ...emptyEditor('again', ['again', 'other']), cursor: 0 });
    expect(now.history).toEqual(['other', 'again']);
    expect(submitted(emptyEditor('  ', ['a'])).history).toEqual(['a']);
  });

  it('a marked text gives way to what is typed, is deleted whole, and stays when the cursor is moved', () => {
    expect(edit(markedEditor('60'), { type: 'insert', text: '1' })).toMatchObject({
      text: '1',
      cursor: 1,
      marked: false,
    });
    expect(edit(markedEditor('60'), { type: 'delete-left' })).toMatchObject({ text: '', marked: false });
    const moved = edit(edit(markedEditor('60'), { type: 'end' }), { type: 'insert', text: '0' });
    expect(moved).toMatchObject({ text: '600', marked: false });
    expect(edit(edit(markedEditor('60'), { type: 'insert', text: '1' }), { type: 'undo' }).text).toBe('60');
  });

  it('the cursor never stands inside a character, and undo always leads back to the start', () => {
    const command = fc.oneof(
      fc
        .constantFrom('a', '中', '👩‍👩‍👧', 'e\u0301', ' ', '\n')
        .map((text): EditorCommand => ({ type: 'insert', text })),
      fc.constantFrom<EditorCommand>(
        { type: 'left' },
        { type: 'right' },
        { type: 'word-left' },
        { type: 'word-right' },
        { type: 'start' },
        { type: 'end' },
        { type: 'delete-left' },
        { type: 'delete-right' },
        { type: 'delete-word-left' },
        { type: 'delete-to-start' },
        { type: 'delete-to-end' },
      ),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        let now = emptyEditor();
        for (const each of commands) {
          now = edit(now, each);
          const joined = graphemes(now.text.slice(0, now.cursor)).length + graphemes(now.text.slice(now.cursor)).length;
          expect(joined).toBe(graphemes(now.text).length);
        }
        for (let i = 0; i < 61; i++) now = edit(now, { type: 'undo' });
        expect(now.text).toBe('');
      }),
    );
  });
});

describe('the model', () => {
  it('takes keys and pastes, and leaves the others', () => {
    const model = createEditorModel();
    expect(model.apply({ type: 'key', name: 'a', text: 'a' })).toBe(true);
    expect(model.apply({ type: 'paste', text: 'b\r\nc\u001b[31m\u202ed' })).toBe(true);
    expect(model.text()).toBe('ab cd');
    expect(model.apply({ type: 'key', name: 'enter' })).toBe(false);
    expect(model.apply({ type: 'key', name: 'f5' })).toBe(false);
    expect(model.submit()).toBe('ab cd');
    expect(model.text()).toBe('');
    model.apply({ type: 'key', name: 'up' });
    expect(model.text()).toBe('ab cd');
  });

  it('makes new lines only where it may', () => {
    const many = createEditorModel({ multiline: true });
    many.apply({ type: 'paste', text: 'a\r\nb' });
    many.apply({ type: 'key', name: 'alt+enter' });
    expect(many.text()).toBe('a\nb\n');
    const one = createEditorModel();
    expect(one.apply({ type: 'key', name: 'alt+enter' })).toBe(false);
  });

  it('up and down move over soft-wrapped rows', () => {
    const model = createEditorModel({ multiline: true, text: '知识库很好用' });
    model.viewport.width = 6;
    model.apply({ type: 'key', name: 'up' });
    // The end of the first row is the start of the second: the cursor stays on the first.
    expect(model.store.getState().cursor).toBe(2);
    model.apply({ type: 'key', name: 'down' });
    expect(model.store.getState().cursor).toBe(5);
    model.set('中文\nabcdef');
    model.apply({ type: 'key', name: 'up' });
    expect(model.store.getState().cursor).toBe(2);
    model.apply({ type: 'key', name: 'down' });
    expect(model.store.getState().cursor).toBe(7);
  });

  it('a paste of 10,000 lines is one change', () => {
    const changes: number[] = [];
    const model = createEditorModel({ multiline: true, onChange: (text) => changes.push(text.length) });
    model.apply({ type: 'paste', text: 'line\n'.repeat(10_000) });
    expect(changes).toEqual([50_000]);
  });
});

describe('the view', () => {
  const base = { text: '', cursor: 0, width: 10, height: 3, prefix: '> ', secret: false };

  it('shows the rows around the cursor', () => {
    const text = '一二三四五六七八九十';
    const view = editorView({ ...base, text, cursor: 10, width: 9, height: 2 });
    expect(view.rows).toEqual(['七八九', '十']);
    expect(view.cursor).toEqual({ x: 4, y: 1 });
  });

  it('scrolls one row sideways', () => {
    const view = editorView({ ...base, text: 'abcdefghij', cursor: 10, height: 1 });
    expect(view.rows).toEqual(['defghij']);
    expect(view.cursor).toEqual({ x: 9, y: 0 });
  });

  it('a secret is dots, one per character', () => {
    const view = editorView({ ...base, text: '密👩‍👩‍👧x', cursor: '密👩‍👩‍👧'.length, secret: true, height: 1 });
    expect(view.rows).toEqual(['•••']);
    expect(view.cursor.x).toBe(4);
  });

  it('the cursor is always inside', () => {
    const sample = fc.array(fc.constantFrom('a', ' ', '中', '👩‍👩‍👧', '\n', 'word'), { maxLength: 60 });
    fc.assert(
      fc.property(
        sample,
        fc.nat(),
        fc.integer({ min: 6, max: 30 }),
        fc.integer({ min: 1, max: 5 }),
        (parts, at, width, height) => {
          const text = parts.join('');
          const cursor = parts.slice(0, at % (parts.length + 1)).join('').length;
          const view = editorView({ ...base, text, cursor, width, height });
          expect(view.cursor.x).toBeGreaterThanOrEqual(0);
          expect(view.cursor.x).toBeLessThan(width);
          expect(view.cursor.y).toBeGreaterThanOrEqual(0);
          expect(view.cursor.y).toBeLessThan(height);
          for (const row of view.rows) expect(textWidth(row) + view.indent).toBeLessThan(width);
        },
      ),
    );
  });
});
