import { Box } from 'ink';
import type { ReactNode } from 'react';
import { createStore } from 'zustand/vanilla';
import { bindActions } from '../../src/keys/bind.ts';
import type { Action } from '../../src/keys/types.ts';
import { Editor } from '../../src/ui/Editor.tsx';
import { createEditorModel, type EditorModel } from '../../src/ui/editor-model.ts';
import { highlighted, List } from '../../src/ui/List.tsx';
import { createListModel, type ListModel } from '../../src/ui/list-model.ts';
import { Panel } from '../../src/ui/Panel.tsx';
import { inside, splitRows } from '../../src/ui/rect.ts';
import { StreamView } from '../../src/ui/StreamView.tsx';
import type { ScreenDefinition, ScreenViewProps } from '../../src/ui/screen.ts';
import { createStreamModel, type StreamModel } from '../../src/ui/stream-model.ts';

export interface Sample {
  readonly screens: readonly ScreenDefinition[];
  readonly list: ListModel<string>;
  readonly editor: EditorModel;
  readonly answer: StreamModel;
  /** What the actions did. */
  readonly done: string[];
  readonly fail: { now: boolean };
}

export const FRUITS = ['apple 苹果', 'banana 香蕉', 'cherry 樱桃 🍒', 'durian 榴莲', 'elderberry', 'fig 无花果'];

/** Two small screens that use every part of the contract: a list beside a text, and a question with its answer. */
export function sampleScreens(): Sample {
  const done: string[] = [];
  const fail = { now: false };
  const items = createStore<{ items: readonly string[] }>(() => ({ items: FRUITS }));
  const list = createListModel<string>({
    items: () => items.getState().items,
    key: (fruit) => fruit,
    text: (fruit) => fruit,
    marks: true,
  });
  const editor = createEditorModel({ multiline: true });
  const answer = createStreamModel({ follow: true });
  const text = createStreamModel({ text: Array.from({ length: 40 }, (_, i) => `第${i}行 row ${i}`).join('\n') });

  const fruitActions: readonly Action<{ fruit: string | undefined }>[] = [
    {
      id: 'fruit.eat',
      title: 'Eat',
      help: 'Eat the fruit under the cursor.',
      keys: ['enter', 'e'],
      rank: 1,
      when: ({ fruit }) => (fruit?.startsWith('durian') ? 'it smells' : true),
      run: ({ fruit }) => {
        done.push(`eat ${fruit}`);
      },
    },
    {
      id: 'fruit.delete',
      title: 'Delete',
      help: 'Throw the fruit away.',
      keys: ['d'],
      rank: 2,
      confirm: ({ fruit }) => `${fruit} is thrown away for good.`,
      run: ({ fruit }) => {
        done.push(`delete ${fruit}`);
      },
    },
    {
      id: 'fruit.fail',
      title: 'Fail',
      help: 'An action that fails.',
      keys: ['x'],
      run: async () => {
        throw new Error('the basket fell over');
      },
    },
  ];
  const askActions: readonly Action<null>[] = [
    {
      id: 'talk.send',
      title: 'Send',
      help: 'Send the text.',
      keys: ['enter'],
      inText: true,
      rank: 1,
      run: () => {
        done.push(`send ${editor.submit()}`);
      },
    },
  ];

  const parts: Parts = { list, text, editor, answer, fail };
  const screens: readonly ScreenDefinition[] = [
    {
      id: 'fruit',
      key: '1',
      title: () => 'Fruit',
      panes: [
        { id: 'list', title: () => 'Fruits', target: () => list, copy: () => list.selected() ?? null },
        { id: 'text', title: () => 'Text', target: () => text },
      ],
      layout: (rect) => {
        const [top, bottom] = splitRows(rect, ['1fr', '1fr']);
        return top && bottom ? { list: top, text: bottom } : {};
      },
      view: (props) => <Fruits parts={parts} {...props} />,
      actions: bindActions(fruitActions, () => ({ fruit: list.selected() })),
      copyAll: () => text.text(),
    },
    {
      id: 'talk',
      key: '2',
      title: () => 'Talk',
      panes: [
        { id: 'question', title: () => 'Question', editor: () => editor },
        { id: 'answer', title: () => 'Answer', target: () => answer },
      ],
      layout: (rect) => {
        const [top, bottom] = splitRows(rect, [5, '1fr']);
        return top && bottom ? { question: top, answer: bottom } : {};
      },
      view: (props) => <Talk parts={parts} {...props} />,
      actions: bindActions(askActions, () => null),
    },
  ];
  return { screens, list, editor, answer, done, fail };
}

function Fails({ now }: { readonly now: boolean }): ReactNode {
  if (now) throw new Error('面板坏了');
  return null;
}

interface Parts {
  readonly list: ListModel<string>;
  readonly text: StreamModel;
  readonly editor: EditorModel;
  readonly answer: StreamModel;
  readonly fail: { readonly now: boolean };
}
type PartProps = ScreenViewProps & { readonly parts: Parts };

function Fruits({ parts, rects, focus }: PartProps): ReactNode {
  const { list, text, fail } = parts;
  return (
    <Box flexDirection="column">
      {rects['list'] ? (
        <Panel rect={rects['list']} title="水果 Fruits" note={`${list.rows().length}`} focused={focus === 'list'}>
          <Fails now={fail.now} />
          <List
            model={list}
            width={inside(rects['list']).width}
            height={inside(rects['list']).height}
            focused={focus === 'list'}
            empty="No fruit."
            emptyFilter="No fruit is called that."
            render={(fruit, row) => highlighted(fruit, row.matched)}
          />
        </Panel>
      ) : null}
      {rects['text'] ? (
        <Panel rect={rects['text']} title="Text" focused={focus === 'text'}>
          <StreamView model={text} width={inside(rects['text']).width} height={inside(rects['text']).height} />
        </Panel>
      ) : null}
    </Box>
  );
}

function Talk({ parts, rects, focus }: PartProps): ReactNode {
  const { editor, answer } = parts;
  return (
    <Box flexDirection="column">
      {rects['question'] ? (
        <Panel rect={rects['question']} title="Question" focused={focus === 'question'}>
          <Editor model={editor} rect={inside(rects['question'])} focused={focus === 'question'} prefix="> " />
        </Panel>
      ) : null}
      {rects['answer'] ? (
        <Panel rect={rects['answer']} title="Answer" focused={focus === 'answer'}>
          <StreamView model={answer} width={inside(rects['answer']).width} height={inside(rects['answer']).height} />
        </Panel>
      ) : null}
    </Box>
  );
}
