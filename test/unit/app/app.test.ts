import { describe, expect, it } from 'vitest';
import { globalActions, overlayActions, systemActions } from '../../../src/app/actions.ts';
import { layout } from '../../../src/app/layout.ts';
import { navigationActions } from '../../../src/app/navigation.ts';
import { overlayTables } from '../../../src/app/overlays/actions.ts';
import { screenTables, sharedTables } from '../../../src/app/tables.ts';
import { keyProblems } from '../../../src/keys/registry.ts';
import { itemAt, statusBar, tabItems } from '../../../src/ui/bars.ts';
import { EDITOR_KEYS } from '../../../src/ui/editor-model.ts';
import { chineseActions, messages, setLanguage, t } from '../../../src/ui/i18n/index.ts';
import type { Rect } from '../../../src/ui/rect.ts';
import { splitColumns } from '../../../src/ui/rect.ts';
import { textWidth } from '../../../src/ui/text.ts';
import { defaultTheme } from '../../../src/ui/theme.ts';
import { sampleScreens } from '../../support/sample-screens.tsx';

const screen = {
  layout: (rect: Rect): Record<string, Rect> => {
    const [left, right] = splitColumns(rect, ['1fr', '1fr']);
    return left && right ? { left, right } : {};
  },
};

describe('layout', () => {
  it.each([
    [60, 20],
    [80, 24],
    [120, 40],
    [200, 50],
  ])('covers %d×%d without gap or overlap', (columns, rows) => {
    for (const modal of [undefined, { width: 70, height: 6 }, { width: 999, height: 999 }]) {
      for (const toastRows of [0, 2]) {
        const where = layout({ columns, rows, screen, modal, toastRows });
        if (!where) throw new Error('no layout');
        const parts = [where.tabs, where.screen, where.modal?.region, where.toasts, where.status, where.footer];
        const covered = parts.reduce((sum, rect) => sum + (rect ? rect.width * rect.height : 0), 0);
        expect(covered).toBe(columns * rows);
        let y = 0;
        for (const rect of parts) {
          if (!rect) continue;
          expect(rect.y).toBe(y);
          y += rect.height;
        }
      }
    }
  });

  it('leaves the screen in view above a small modal, and gives a big one everything', () => {
    const small = layout({ columns: 80, rows: 24, screen, modal: { width: 60, height: 6 } });
    expect(small?.screen).toEqual({ x: 0, y: 1, width: 80, height: 15 });
    expect(small?.modal?.rect).toEqual({ x: 10, y: 16, width: 60, height: 6 });
    expect(Object.keys(small?.panes ?? {})).toEqual(['left', 'right']);
    const big = layout({ columns: 80, rows: 24, screen, modal: { width: 60, height: 12 } });
    expect(big?.screen).toBeNull();
    expect(big?.panes).toEqual({});
  });

  it('gives a zoomed pane the whole body', () => {
    const where = layout({ columns: 80, rows: 24, screen, zoomed: 'right' });
    expect(where?.panes).toEqual({ right: { x: 0, y: 1, width: 80, height: 21 } });
  });

  it('is nothing below 60×20', () => {
    expect(layout({ columns: 59, rows: 24, screen })).toBeNull();
    expect(layout({ columns: 80, rows: 19, screen })).toBeNull();
  });
});

describe('the app’s own keys', () => {
  it('have no clash, also with lists and with the text fields', () => {
    const { screens } = sampleScreens();
    // Lists take the arrows from one-line fields on purpose.
    const own = EDITOR_KEYS.filter((key) => !['up', 'down'].includes(key));
    expect(keyProblems([...sharedTables(screens), ...screenTables(screens)], own)).toEqual([]);
  });

  it('have Chinese words', () => {
    const own = [
      ...globalActions,
      ...systemActions,
      ...overlayActions,
      ...navigationActions,
      ...Object.values(overlayTables),
    ];
    expect(own.map((action) => action.id).filter((id) => !chineseActions[id])).toEqual([]);
  });
});

describe('messages', () => {
  it('have the same keys and the same blanks in both languages, and none is empty', () => {
    expect(Object.keys(messages.zh).sort()).toEqual(Object.keys(messages.en).sort());
    const blanks = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();
    for (const [key, english] of Object.entries(messages.en)) {
      const chinese = Object.entries(messages.zh).find(([other]) => other === key)?.[1] ?? '';
      expect(blanks(chinese), key).toEqual(blanks(english));
      expect(chinese === '' && english !== '', key).toBe(false);
    }
  });

  it('are filled in', () => {
    expect(t('app.tooSmall', { columns: 40, rows: 10 })).toContain('40×10');
    setLanguage('zh');
    expect(t('filter.prompt')).toBe('筛选：');
    setLanguage('en');
  });
});

describe('bars', () => {
  const tabs = [
    { id: 'home', key: '1', title: '首页' },
    { id: 'kb', key: '2', title: 'Knowledge' },
  ];

  it('tabs can be hit where they are drawn', () => {
    const items = tabItems(tabs, 'kb', 80);
    expect(items.map(({ x, width }) => [x, width])).toEqual([
      [0, 8],
      [8, 13],
    ]);
    expect(itemAt(items, 7)?.id).toBe('home');
    expect(itemAt(items, 8)?.id).toBe('kb');
    expect(itemAt(items, 30)).toBeUndefined();
  });

  it('narrow tabs are numbers, the current one excepted', () => {
    expect(tabItems(tabs, 'kb', 18).map((item) => item.spans[0]?.text)).toEqual([' 1 ', ' 2 Knowledge ']);
  });

  it('the status bar never exceeds its width and keeps its right end', () => {
    const items = ['kb: 样本知识库', 'bge-small-zh-v1.5', 'SmolLM2-135M', '2 jobs'].map((text) => ({ id: text, text }));
    for (let width = 20; width < 100; width++) {
      const bar = statusBar(items, { id: 'log', text: '! 3' }, width);
      const last = bar.at(-1);
      expect((last?.x ?? 0) + (last?.width ?? 0)).toBe(width);
      for (const [i, item] of bar.entries()) {
        expect(textWidth(item.spans.map((span) => span.text).join(''))).toBe(item.width);
        if (i > 0) expect(item.x).toBeGreaterThanOrEqual((bar[i - 1]?.x ?? 0) + (bar[i - 1]?.width ?? 0));
      }
    }
  });
});

describe('themes', () => {
  it('NO_COLOR wins, then the user, then what the terminal can', () => {
    expect(defaultTheme({ NO_COLOR: '1', TERM: 'xterm-256color' }, 'light')).toBe('none');
    expect(defaultTheme({ TERM: 'linux' }, 'light')).toBe('light');
    expect(defaultTheme({ TERM: 'linux' })).toBe('ansi');
    expect(defaultTheme({ TERM: 'xterm-256color' })).toBe('dark');
  });
});
