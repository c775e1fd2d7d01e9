import { Box } from 'ink';
import { render } from 'ink-testing-library';
import { describe, expect, it } from 'vitest';
import { Chart } from '../../src/ui/Chart.tsx';
import { Editor } from '../../src/ui/Editor.tsx';
import { createEditorModel } from '../../src/ui/editor-model.ts';
import { List } from '../../src/ui/List.tsx';
import { createListModel } from '../../src/ui/list-model.ts';
import { Gauge, ProgressBar, Sparkline, Spinner } from '../../src/ui/Meters.tsx';
import { Modal } from '../../src/ui/Modal.tsx';
import { Panel } from '../../src/ui/Panel.tsx';
import { inside } from '../../src/ui/rect.ts';
import { StreamView } from '../../src/ui/StreamView.tsx';
import { createStreamModel } from '../../src/ui/stream-model.ts';
import { Facts, Table } from '../../src/ui/Table.tsx';
import { Toasts } from '../../src/ui/Toasts.tsx';
import { textWidth } from '../../src/ui/text.ts';

const NAMES = [
  'plain text that is rather long',
  '知识库：中文文本在奇数宽度下',
  '👩‍👩‍👧 family 🇨🇳 flag 👍🏽',
  'é combining ｆｕｌｌ',
  '',
];

/** The frame as rows; trailing spaces are gone (Ink's doing). */
const rows = (element: React.ReactElement): string[] => (render(element).lastFrame() ?? '').split('\n');

function names() {
  return createListModel<string>({ items: () => NAMES, key: (name) => name, text: (name) => name, marks: true });
}

describe('every row fits and every border stands, with Chinese and emoji at any width', () => {
  it.each([11, 20, 33, 47, 80, 99])('at %d columns', (width) => {
    const rect = { x: 0, y: 0, width, height: 9 };
    const room = inside(rect);
    const text = createStreamModel({ text: NAMES.join('\n') });
    const editor = createEditorModel({ multiline: true, text: NAMES.join('\n') });
    const columns = [
      { title: '名称', min: 4, weight: 1, cell: (name: string) => name },
      { title: 'Length', min: 6, align: 'right' as const, cell: (name: string) => String(name.length) },
    ];
    const contents = [
      <List key="list" model={names()} width={room.width} height={room.height} empty="" render={(name) => name} />,
      <Table key="table" model={names()} columns={columns} width={room.width} height={room.height} empty="" />,
      <StreamView
        key="stream"
        model={text}
        width={room.width}
        height={room.height}
        highlights={[{ start: 3, end: 50 }]}
      />,
      <Editor key="editor" model={editor} rect={room} focused prefix="› " />,
      <Facts key="facts" facts={NAMES.map((name) => [name || 'none', `${name}${name}`] as const)} width={room.width} />,
      <Box key="meters" flexDirection="column">
        <ProgressBar width={room.width} done={3} total={10} unit="文档" rate={2} secondsLeft={4} />
        <Gauge width={room.width} label="显存" share={0.4} value="11.2 GB" />
        <Sparkline width={room.width} label="速度" values={[1, 2, 3]} value="3/s" />
        <Chart
          width={room.width}
          height={3}
          title={[{ text: ' 损失 1.2', bold: true }]}
          series={[{ points: [1, 5, 2].map((y, x) => ({ x, y })), style: 'accent', joined: true, marker: '▲' }]}
          x={{ low: 0, high: 2 }}
          marks={[1]}
          cursor={2}
          format={(value) => value.toFixed(1)}
        />
        <Spinner width={room.width} label="正在读取" />
      </Box>,
    ];
    for (const content of contents) {
      const frame = rows(
        <Panel rect={rect} title="标题 with 👩‍👩‍👧 in it" note="5/5" focused>
          {content}
        </Panel>,
      );
      expect(frame).toHaveLength(9);
      for (const row of frame) expect(textWidth(row), `${content.key}: ${row}`).toBe(width);
      for (const row of frame.slice(1, -1)) expect(row, `${content.key}`).toMatch(/^[│┃].*[│┃]$/u);
    }
  });
});

describe('List', () => {
  it('says what to do when there is nothing, and what is wrong when the filter hides all', () => {
    const empty = createListModel<string>({ items: () => [], key: (name) => name });
    expect(
      rows(<List model={empty} width={30} height={3} render={(name) => name} empty="Press a to add one." />)[0],
    ).toBe(' Press a to add one.');
    const list = names();
    list.filter?.set('zzz');
    const frame = rows(
      <List model={list} width={30} height={3} render={(name) => name} empty="x" emptyFilter="没有匹配" />,
    );
    expect(frame[0]).toBe(' 没有匹配');
  });

  it('draws only what is in view', () => {
    const many = createListModel<number>({ items: () => Array.from({ length: 100_000 }, (_, i) => i), key: String });
    const drawn: number[] = [];
    rows(
      <List
        model={many}
        width={20}
        height={5}
        empty=""
        render={(n) => {
          drawn.push(n);
          return String(n);
        }}
      />,
    );
    expect([...new Set(drawn)]).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('Table', () => {
  it('aligns columns by cells, not characters', () => {
    const columns = [
      { title: 'Name', min: 10, cell: (name: string) => name },
      { title: 'N', min: 4, align: 'right' as const, cell: (name: string) => String(name.length) },
    ];
    const list = createListModel<string>({ items: () => ['abc', '知识库'], key: (name) => name });
    expect(rows(<Table model={list} columns={columns} width={16} height={4} empty="" />).slice(0, 3)).toEqual([
      ' Name          N',
      '▸abc           3',
      ' 知识库        3',
    ]);
  });
});

describe('Modal and Toasts', () => {
  it('a modal stands in the middle of its region', () => {
    const region = { x: 0, y: 0, width: 30, height: 7 };
    const frame = rows(
      <Modal region={region} rect={{ x: 5, y: 2, width: 20, height: 3 }} title="问题">
        {null}
      </Modal>,
    );
    expect(frame[2]).toBe('     ┏━ 问题 ━━━━━━━━━━━┓');
    expect(frame[4]).toBe('     ┗━━━━━━━━━━━━━━━━━━┛');
  });

  it('a toast is one row, a long one two', () => {
    const toast = (text: string) => ({ id: 1, tone: 'bad' as const, text });
    expect(rows(<Toasts toasts={[toast('磁盘已满')]} width={30} />)).toEqual([' ✗ 磁盘已满']);
    const frame = rows(<Toasts toasts={[toast('很长的错误信息'.repeat(10))]} width={30} />);
    expect(frame).toHaveLength(2);
    expect(frame[1]?.endsWith('…')).toBe(true);
    for (const row of frame) expect(textWidth(row)).toBeLessThanOrEqual(30);
  });
});
