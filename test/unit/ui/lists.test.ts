import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnWidths } from '../../../src/ui/columns.ts';
import { highlighted } from '../../../src/ui/List.tsx';
import { createListModel, scrolledTo } from '../../../src/ui/list-model.ts';
import { matchText } from '../../../src/ui/match.ts';
import { shares, splitColumns, splitRows } from '../../../src/ui/rect.ts';

const numbers = Array.from({ length: 100 }, (_, i) => `row ${i}`);

function model(items: () => readonly string[] = () => numbers) {
  const selected: (string | undefined)[] = [];
  const list = createListModel<string>({
    items,
    key: (item) => item,
    text: (item) => item,
    marks: true,
    onSelect: (item) => selected.push(item),
  });
  list.viewport.height = 10;
  return { list, selected };
}

describe('a list', () => {
  it('scrolls no more than needed to keep the cursor in view', () => {
    const { list } = model();
    list.move(9);
    expect(list.store.getState()).toMatchObject({ cursor: 9, top: 0 });
    list.move(1);
    expect(list.store.getState()).toMatchObject({ cursor: 10, top: 1 });
    list.page(1);
    expect(list.store.getState()).toMatchObject({ cursor: 19, top: 10 });
    list.edge('last');
    expect(list.store.getState()).toMatchObject({ cursor: 99, top: 90 });
    list.move(5);
    expect(list.store.getState().cursor).toBe(99);
    list.edge('first');
    expect(list.store.getState()).toMatchObject({ cursor: 0, top: 0 });
  });

  it('tells of a new selection once', () => {
    const { list, selected } = model();
    list.move(1);
    list.move(0);
    list.edge('first');
    list.move(-1);
    expect(selected).toEqual(['row 1', 'row 0']);
  });

  it('keeps what was selected when the filter changes', () => {
    const { list } = model();
    list.select('row 42');
    list.filter?.set('4');
    expect(list.rows()).toHaveLength(19);
    expect(list.selected()).toBe('row 42');
    list.filter?.set('');
    expect(list.selected()).toBe('row 42');
    list.filter?.set('nothing');
    expect(list.selected()).toBeUndefined();
    expect(list.chosen()).toEqual([]);
    list.filter?.set('');
    expect(list.selected()).toBe('row 0');
  });

  it('lives through items that leave', () => {
    let items = numbers;
    const { list } = model(() => items);
    list.edge('last');
    items = numbers.slice(0, 3);
    expect(list.selected()).toBe('row 2');
    list.move(-1);
    expect(list.selected()).toBe('row 1');
    items = [];
    list.mark?.();
    list.move(1);
    expect(list.selected()).toBeUndefined();
  });

  it('bulk actions get the marked rows, else the one under the cursor', () => {
    const { list } = model();
    expect(list.chosen()).toEqual(['row 0']);
    list.mark?.();
    list.move(1);
    list.mark?.();
    expect(list.chosen()).toEqual(['row 0', 'row 2']);
    list.clearMarks();
    expect(list.chosen()).toEqual(['row 3']);
  });

  it('a click selects the row under it, and none below the last or on the heading', () => {
    const { list } = model(() => numbers.slice(0, 4));
    list.viewport.heading = 1;
    expect(list.click?.(2)).toBe(true);
    expect(list.selected()).toBe('row 1');
    expect(list.click?.(0)).toBe(false);
    expect(list.click?.(7)).toBe(false);
  });

  it('the cursor is always in view and no rows stay empty below', () => {
    const nat = fc.nat(200);
    fc.assert(
      fc.property(
        nat,
        nat,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 200 }),
        (at, top, height, count) => {
          const cursor = at % count;
          const first = scrolledTo(cursor, top, height, count);
          expect(first).toBeGreaterThanOrEqual(0);
          expect(cursor).toBeGreaterThanOrEqual(first);
          expect(cursor).toBeLessThan(first + height);
          expect(first + Math.min(height, count)).toBeLessThanOrEqual(count);
        },
      ),
    );
  });
});

describe('filters', () => {
  it('want every word, whatever the case and the width', () => {
    expect(matchText('Knowledge Base', 'base know')).toEqual([0, 1, 2, 3, 10, 11, 12, 13]);
    expect(matchText('ＳＱＬ数据库', 'sql 数据')).toEqual([0, 1, 2, 3, 4]);
    expect(matchText('abc', 'abd')).toBeUndefined();
    expect(matchText('abc', ' ')).toEqual([]);
  });

  it('matched characters are set apart, also when the text is a part of the searched one', () => {
    expect(highlighted('abcd', [1, 2])).toEqual([{ text: 'a' }, { text: 'bc', style: 'highlight' }, { text: 'd' }]);
    expect(highlighted('cd', [1, 2], 'muted', 2)).toEqual([
      { text: 'c', style: 'highlight' },
      { text: 'd', style: 'muted' },
    ]);
    expect(highlighted('', [1])).toEqual([]);
  });
});

describe('columns', () => {
  it('share the room by weight up to their maximum', () => {
    const columns = [{ min: 5, weight: 1 }, { min: 5, weight: 3 }, { min: 4 }];
    expect(columnWidths(columns, 40)).toEqual([11, 23, 4]);
    expect(
      columnWidths(
        [
          { min: 5, weight: 1, max: 8 },
          { min: 5, weight: 1 },
        ],
        31,
      ),
    ).toEqual([8, 22]);
  });

  it('drop the optional ones first, then shrink the widest', () => {
    const columns = [
      { min: 10, weight: 1 },
      { min: 8, optional: 2 },
      { min: 8, optional: 1 },
    ];
    expect(columnWidths(columns, 20)).toEqual([11, 0, 8]);
    expect(columnWidths(columns, 12)).toEqual([12, 0, 0]);
    expect(columnWidths([{ min: 10 }, { min: 4 }], 10)).toEqual([5, 4]);
  });

  it('never exceed the room', () => {
    const column = fc.record({
      min: fc.nat(20),
      weight: fc.nat(3),
      optional: fc.nat(2),
      max: fc.integer({ min: 20, max: 60 }),
    });
    fc.assert(
      fc.property(
        fc.array(column, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 6, max: 150 }),
        (columns, total) => {
          const widths = columnWidths(columns, total);
          const shown = widths.filter((width) => width > 0).length;
          expect(widths.reduce((sum, width) => sum + width, 0) + Math.max(0, shown - 1)).toBeLessThanOrEqual(total);
        },
      ),
    );
  });
});

describe('rectangles', () => {
  it('are shared without a gap', () => {
    const size = fc.oneof(fc.nat(30), fc.constantFrom('1fr' as const, '2fr' as const, '3fr' as const));
    fc.assert(
      fc.property(fc.nat(200), fc.array(size, { minLength: 1, maxLength: 5 }), (total, sizes) => {
        const given = shares(total, sizes);
        const sum = given.reduce((a, b) => a + b, 0);
        expect(sum).toBeLessThanOrEqual(total);
        if (sizes.some((each) => typeof each === 'string')) expect(sum).toBe(total);
        for (const each of given) expect(each).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('rows and columns follow each other', () => {
    const rect = { x: 2, y: 3, width: 20, height: 10 };
    expect(splitRows(rect, [4, '1fr'])).toEqual([
      { x: 2, y: 3, width: 20, height: 4 },
      { x: 2, y: 7, width: 20, height: 6 },
    ]);
    expect(splitColumns(rect, ['1fr', '3fr'])).toEqual([
      { x: 2, y: 3, width: 5, height: 10 },
      { x: 7, y: 3, width: 15, height: 10 },
    ]);
  });
});
