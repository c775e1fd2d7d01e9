import { afterEach, describe, expect, it } from 'vitest';
import { textWidth } from '../../src/ui/text.ts';
import { FRUITS, type Sample, sampleScreens } from '../support/sample-screens.tsx';
import { openWindow, type TestWindow, type WindowOptions } from '../support/window.tsx';

let open: TestWindow | undefined;
afterEach(() => {
  open?.dispose();
  open = undefined;
});

async function start(options: Partial<WindowOptions> = {}): Promise<{ window: TestWindow; sample: Sample }> {
  const sample = sampleScreens();
  const window = openWindow({ screens: sample.screens, ...options, ui: { screen: 'fruit', ...options.ui } });
  open = window;
  await window.settled();
  return { window, sample };
}

const rowOf = (window: TestWindow, text: string): number => window.rows().findIndex((row) => row.includes(text));

describe('the window', () => {
  it('draws tabs, panels, status and footer', async () => {
    const { window } = await start({ status: () => [{ id: 'kb', text: 'kb: 样本' }] });
    expect(window.rows()).toHaveLength(24);
    expect(window.rows()[0]).toContain(' 1 Fruit  2 Talk');
    expect(window.text()).toContain('┏━ 水果 Fruits ');
    expect(window.text()).toContain('apple 苹果');
    expect(window.rows()[22]).toContain('kb: 样本');
    expect(window.rows()[23]).toContain('Enter Eat  d Delete');
  });

  it.each([
    [60, 20],
    [80, 24],
    [81, 25],
    [120, 40],
    [200, 50],
  ])('keeps every row within %d×%d and every border in its place', async (columns, rows) => {
    const { window } = await start({ columns, rows });
    const check = (): void => {
      expect(window.text()).toMatch(/╭─|┏━/);
      const frame = window.rows();
      expect(frame.length).toBeLessThanOrEqual(rows);
      for (const row of frame) expect(textWidth(row), row).toBeLessThanOrEqual(columns);
      for (const row of frame.filter((each) => /^[│┃]/.test(each))) {
        expect(textWidth(row), row).toBe(columns);
        expect(row, row).toMatch(/[│┃]$/);
      }
    };
    check();
    await window.press('?');
    check();
    await window.press('esc', ':');
    check();
    await window.press('esc', 'd');
    check();
  });

  it('says so when the terminal is too small, and comes back', async () => {
    const { window } = await start();
    window.resize(59, 20);
    await window.settled();
    expect(window.text()).toContain('59×20');
    expect(window.text()).not.toContain('Fruits');
    window.resize(60, 20);
    await window.settled();
    expect(window.text()).toContain('Fruits');
  });

  it('speaks Chinese', async () => {
    const { window } = await start({ ui: { language: 'zh' } });
    expect(window.rows()[23]).toContain('? 帮助');
    await window.press('f10');
    expect(window.rows().at(-1)).toContain('? Help');
    expect(window.ui.getState().language).toBe('en');
  });
});

describe('keys', () => {
  it('move in the list, run actions, and say why not', async () => {
    const { window, sample } = await start();
    await window.press('j', 'down', 'enter');
    expect(sample.done).toEqual(['eat cherry 樱桃 🍒']);
    await window.press('j', 'enter');
    expect(sample.done).toHaveLength(1);
    expect(window.text()).toContain('Eat: it smells');
    await window.press('G');
    expect(sample.list.selected()).toBe('fig 无花果');
    await window.press('g', 'space', 'space');
    expect(sample.list.chosen()).toEqual(FRUITS.slice(0, 2));
  });

  it('ask before what is hard to undo; Enter is no answer', async () => {
    const { window, sample } = await start();
    await window.press('d');
    expect(window.text()).toContain('apple 苹果 is thrown away for good.');
    await window.press('enter');
    expect(sample.done).toEqual([]);
    await window.press('n');
    expect(window.text()).not.toContain('thrown away');
    await window.press('d', 'y');
    expect(sample.done).toEqual(['delete apple 苹果']);
  });

  it('go to the text field while it has the focus, and Esc leaves it', async () => {
    const { window, sample } = await start();
    await window.press('2');
    await window.type('q? 1z你好');
    expect(sample.editor.text()).toBe('q? 1z你好');
    expect(window.ui.getState().screen).toBe('talk');
    expect(window.cursor()).toEqual({ x: 3 + 'q? 1z'.length + 4, y: 2 });
    await window.press('enter');
    expect(sample.done).toEqual(['send q? 1z你好']);
    await window.press('esc');
    expect(window.cursor()).toBeNull();
    await window.press('1');
    expect(window.ui.getState().screen).toBe('fruit');
    await window.press('alt+2', 'shift+tab');
    await window.press('alt+1');
    expect(window.ui.getState().screen).toBe('fruit');
  });

  it('Tab moves between panes, z zooms one, Esc takes it back', async () => {
    const { window } = await start();
    await window.press('tab', 'j');
    expect(window.ui.getState().focus).toEqual({ fruit: 'text' });
    expect(window.text()).toContain('第1行 row 1');
    expect(window.text()).not.toContain('第0行');
    await window.press('z');
    expect(window.text()).not.toContain('Fruits');
    expect(window.rows()[1]).toContain('Text');
    await window.press('esc');
    expect(window.text()).toContain('Fruits');
  });

  it('filters a list as one types; Esc forgets the filter, Enter keeps it', async () => {
    const { window, sample } = await start();
    await window.press('/');
    await window.type('榴');
    expect(window.rows().at(-1)).toContain('Filter: 榴');
    expect(window.text()).toContain('durian');
    expect(window.text()).not.toContain('apple');
    await window.press('enter');
    expect(sample.list.filter?.get()).toBe('榴');
    await window.press('esc');
    expect(window.text()).toContain('apple');
    await window.press('/');
    await window.type('zzz');
    expect(window.text()).toContain('No fruit is called that.');
    await window.press('esc');
    expect(sample.list.filter?.get()).toBe('');
  });

  it('the palette finds and runs an action, also of another screen', async () => {
    const { window, sample } = await start();
    await window.press('ctrl+p');
    await window.type('send');
    expect(window.text()).toContain('Talk: Send the text.');
    await window.press('enter');
    expect(window.ui.getState().screen).toBe('talk');
    expect(sample.done).toEqual(['send ']);
    expect(window.ui.getState().overlays).toEqual([]);
  });

  it('help names the keys of the focused thing and why some are dead', async () => {
    const { window } = await start();
    await window.press('j', 'j', 'j', '?');
    expect(window.text()).toContain('Eat the fruit under the cursor. (it smells)');
    expect(window.text()).toContain('Help: Fruit');
    await window.press('esc');
    expect(window.text()).not.toContain('Help: Fruit');
  });

  it('copies what the pane and the screen offer', async () => {
    const { window } = await start();
    await window.press('y');
    expect(window.asked).toEqual(['copy apple 苹果']);
    await window.press('Y');
    expect(window.asked[1]).toMatch(/^copy 第0行/);
    await window.press('2', 'esc', 'y');
    expect(window.text()).toContain('Copy: There is nothing to copy here.');
  });

  it('a failing action is told and logged, not fatal', async () => {
    const { window } = await start();
    await window.press('x');
    expect(window.text()).toContain('the basket fell over');
    expect(window.rows()[22]).toContain('! 1 (F12)');
    await window.press('f12');
    expect(window.rows()[1]).toContain('Log');
    expect(window.text()).toContain('the basket fell over');
    expect(window.ui.getState().unreadErrors).toBe(0);
  });

  it('q quits at once without jobs, and says which go on with them', async () => {
    const first = await start();
    await first.window.press('q');
    expect(first.window.asked).toEqual(['quit']);
    first.window.dispose();
    const { window } = await start({ runningJobs: () => ['ingest 文档'] });
    await window.press('q');
    expect(window.text()).toContain('These go on without the window: ingest 文档.');
    await window.press('y');
    expect(window.asked).toEqual(['quit']);
  });

  it('Ctrl+C quits when pressed twice, even under a dialog', async () => {
    const { window } = await start();
    await window.press('d', 'ctrl+c');
    expect(window.asked).toEqual([]);
    expect(window.text()).toContain('Press Ctrl+C again to quit.');
    await window.press('ctrl+c');
    expect(window.asked).toEqual(['quit']);
  });

  it('a user’s keymap holds, and its bad lines are told', async () => {
    const { window, sample } = await start({
      keymap: { 'fruit.eat': ['v'], 'fruit.cook': ['c'], 'fruit.delete': ['q'] },
    });
    expect(window.text()).toContain('there is no action fruit.cook');
    await window.press('v');
    expect(sample.done).toEqual(['eat apple 苹果']);
    await window.press('d', 'esc', 'q');
    expect(window.asked).toEqual(['quit']);
  });
});

describe('the mouse', () => {
  it('selects rows, tabs and footer items; a second click opens', async () => {
    const { window, sample } = await start();
    const row = rowOf(window, 'banana');
    await window.click(5, row);
    expect(sample.list.selected()).toBe('banana 香蕉');
    await window.click(5, row);
    expect(sample.done).toEqual(['eat banana 香蕉']);
    const footer = window.rows()[23] ?? '';
    await window.click(footer.indexOf('d Delete') + 3, 23);
    expect(window.text()).toContain('banana 香蕉 is thrown away');
    await window.press('esc');
    await window.click(12, 0);
    expect(window.ui.getState().screen).toBe('talk');
  });

  it('the wheel scrolls what lies under it without taking the focus', async () => {
    const { window } = await start();
    await window.send({ type: 'mouse', kind: 'wheel-down', button: 'none', x: 5, y: 16 });
    expect(window.text()).toContain('第3行');
    expect(window.text()).not.toContain('第2行');
    expect(window.ui.getState().focus).toEqual({});
  });

  it('can be given back to the terminal', async () => {
    const { window, sample } = await start();
    await window.press('f8');
    expect(window.asked).toEqual(['mouse false']);
    await window.click(5, rowOf(window, 'banana'));
    expect(sample.list.selected()).toBe('apple 苹果');
  });
});

describe('a broken panel', () => {
  it('shows one line, leaves the others alone, and tries again on r', async () => {
    const { window, sample } = await start();
    sample.fail.now = true;
    await window.press('j');
    window.ui.getState().setFocus('text');
    await window.settled();
    expect(window.text()).toContain('面板坏了');
    expect(window.text()).toContain('r: try again');
    expect(window.text()).toContain('第0行');
    expect(window.text()).not.toContain('apple');
    sample.fail.now = false;
    await window.press('r');
    expect(window.text()).toContain('apple');
  });
});

describe('streams', () => {
  it('appear when the scheduler publishes and stay at the end until one scrolls', async () => {
    const { window, sample } = await start({ rows: 20 });
    await window.press('2', 'esc');
    sample.answer.append(Array.from({ length: 30 }, (_, i) => `token ${i}`).join('\n'));
    window.scheduler.touch();
    await window.settled();
    expect(window.text()).toContain('token 29');
    await window.press('k', 'k');
    sample.answer.append('\ntoken 30');
    window.scheduler.touch();
    await window.settled();
    expect(window.text()).not.toContain('token 30');
    expect(window.text()).not.toContain('token 29');
    await window.press('G');
    expect(window.text()).toContain('token 30');
  });
});

describe('questions', () => {
  it('prompt takes a line, choose takes a row', async () => {
    const { window } = await start();
    const taken: string[] = [];
    window.ui.getState().prompt({ title: '名字', text: 'How is it called?', submit: (text) => void taken.push(text) });
    await window.settled();
    await window.type('知识');
    await window.press('enter');
    window.ui.getState().choose({
      title: 'Which?',
      choices: [
        { id: 'a', title: 'First' },
        { id: 'b', title: 'Second', disabled: 'sold out' },
        { id: 'c', title: 'Third' },
      ],
      pick: (id) => void taken.push(id),
    });
    await window.settled();
    await window.press('down', 'enter');
    expect(window.text()).toContain('Second: sold out');
    await window.press('down', 'enter');
    expect(taken).toEqual(['知识', 'c']);
  });

  it('a secret shows dots', async () => {
    const { window } = await start();
    window.ui.getState().prompt({ title: 'Key', secret: true, submit: () => undefined });
    await window.settled();
    await window.type('s3cret');
    expect(window.text()).toContain('••••••');
    expect(window.text()).not.toContain('s3cret');
  });
});
