import { Box } from 'ink';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { DatasetTaskResult } from '../../datasets/task.ts';
import { changedFields, type RowChange } from '../../datasets/view/diff-versions.ts';
import { errorLine } from '../../platform/errors.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { Row } from '../../ui/Row.tsx';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ModalDefinition, ModalViewProps } from '../../ui/screen.ts';
import { createStreamModel, type HighlightRange, type StreamModel } from '../../ui/stream-model.ts';
import { diffText } from '../compare/differences.ts';
import type { ScreenContext } from '../context.ts';
import { drawable } from '../drawable.ts';
import { runToEnd } from './run.ts';

type Diff = Extract<DatasetTaskResult, { op: 'diff' }>;

/** Two versions side by side: which rows differ, and the one under the cursor word by word. */
export interface DiffModel {
  readonly definition: ModalDefinition;
  /** Compares two versions, then shows them. */
  readonly compare: (dataset: string, before: string, after: string) => Promise<void>;
}

interface Shown {
  readonly diff: Diff | null;
  readonly marks: readonly HighlightRange[];
}

const NONE: readonly RowChange[] = [];

export function createDiffModel(context: ScreenContext): DiffModel {
  const shown = createStore<Shown>(() => ({ diff: null, marks: [] }));
  const text = createStreamModel();
  const list = createListModel<RowChange>({
    items: () => shown.getState().diff?.changes ?? NONE,
    key: ({ before, after }) => `${before} ${after}`,
    text: ({ title }) => title,
    onSelect: (change) => void (change && read(change)),
  });

  async function read(change: RowChange): Promise<void> {
    const { diff } = shown.getState();
    if (!diff) return;
    const { readRow } = context.datasets.getState();
    const rowOf = (version: string, number: number | null) =>
      number === null ? null : readRow(diff.dataset, version, number);
    try {
      const [before, after] = await Promise.all([rowOf(diff.before, change.before), rowOf(diff.after, change.after)]);
      if (list.selected() !== change) return;
      const { whole, marks } = fieldsText(changedFields(before, after));
      text.set(whole, 0);
      shown.setState({ marks });
    } catch (error) {
      text.set(errorLine(error));
      shown.setState({ marks: [] });
    }
  }

  return {
    definition: {
      id: 'datasets.diff',
      title: () => t('datasets.diff'),
      width: 150,
      height: 44,
      view: (props) => <DiffView shown={shown} list={list} text={text} {...props} />,
      target: () => list,
      actions: [],
    },
    compare: async (dataset, before, after) => {
      const result = await runToEnd(context, { op: 'diff', dataset, before, after, most: 2000 });
      if (result?.op !== 'diff') return;
      text.set('');
      shown.setState({ diff: result, marks: [] });
      list.edge('first');
      const first = list.selected();
      if (first) await read(first);
      context.ui.getState().open({ kind: 'modal', id: 'datasets.diff' });
    },
  };
}

interface DiffViewProps extends ModalViewProps {
  readonly shown: StoreApi<Shown>;
  readonly list: ListModel<RowChange>;
  readonly text: StreamModel;
}

function DiffView({ shown, list, text, rect: { width, height } }: DiffViewProps): ReactNode {
  const { diff, marks } = useStore(shown);
  if (!diff) return null;
  const above = Math.max(1, Math.min(diff.changes.length, Math.floor(height / 3)));
  return (
    <Box flexDirection="column" width={width} height={height}>
      <Row line={[{ text: ` ${diff.before} → ${diff.after} · ${countsText(diff)}`, style: 'muted' }]} width={width} />
      <List model={list} width={width} height={above} render={changeLine} empty={t('datasets.diff.none')} focused />
      <Row line={[{ text: '─'.repeat(width), style: 'border' }]} width={width} />
      <StreamView model={text} width={width} height={Math.max(0, height - above - 2)} highlights={marks} />
    </Box>
  );
}

function countsText({ same, changed, added, removed, reordered, changes }: Diff): string {
  const all = changed + added + removed;
  return [
    t('datasets.diff.counts', {
      same: formatCount(same),
      changed: formatCount(changed),
      added: formatCount(added),
      removed: formatCount(removed),
    }),
    ...(reordered ? [t('datasets.diff.reordered')] : []),
    ...(changes.length < all ? [t('datasets.diff.first', { count: formatCount(changes.length) })] : []),
  ].join(' · ');
}

const SIGNS = { changed: '~', added: '+', removed: '-' } as const;
const STYLES = { changed: 'accent', added: 'good', removed: 'bad' } as const;

const changeLine = ({ kind, before, after, title }: RowChange) => [
  { text: ` ${SIGNS[kind]} `, style: STYLES[kind] },
  { text: `${after ?? before}  `, style: 'muted' as const },
  { text: sanitizeLine(title) },
];

/** Every field that differs with its differences marked. */
function fieldsText(fields: ReturnType<typeof changedFields>): { whole: string; marks: readonly HighlightRange[] } {
  const marks: HighlightRange[] = [];
  let whole = '';
  for (const { field, before, after } of fields) {
    whole += `${whole === '' ? '' : '\n\n'}${field}\n`;
    const found = diffText(drawable(before), drawable(after));
    const from = whole.length;
    marks.push(...found.marks.map((mark) => ({ ...mark, start: mark.start + from, end: mark.end + from })));
    whole += found.text;
  }
  return { whole, marks };
}
