import { Box } from 'ink';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { createPathStore, type PathEntry, type PathState, type PathStore } from '../../stores/path.ts';
import { bindActions } from '../keys/bind.ts';
import type { Action } from '../keys/types.ts';
import { sanitizeLine } from '../platform/sanitize.ts';
import { Editor } from '../ui/Editor.tsx';
import { createEditorModel, type EditorModel } from '../ui/editor-model.ts';
import { t } from '../ui/i18n/index.ts';
import { List } from '../ui/List.tsx';
import { createListModel, type ListModel } from '../ui/list-model.ts';
import { Row } from '../ui/Row.tsx';
import type { ModalDefinition, ModalViewProps } from '../ui/screen.ts';
import type { Line } from '../ui/text.ts';
import type { ScreenContext } from './context.ts';

interface PathModal {
  readonly editor: EditorModel;
  readonly list: ListModel<PathEntry>;
  readonly state: () => PathState;
  readonly accept: () => void | Promise<void>;
  readonly complete: () => void;
  readonly open: () => void;
  /** The text is taken as it stands. */
  readonly taken: () => boolean;
}

export interface PathModalOptions {
  readonly id: string;
  readonly title: () => string;
  readonly submit: (path: string) => void | Promise<void>;
  /** What the field begins with; default: the home folder. */
  readonly initial?: () => string;
  /** Texts that are no path but are taken as they stand, as `hub:owner/name`. */
  readonly takes?: (text: string) => boolean;
}

/** Asks for a path: completion by Tab, whether it is there, Enter takes it. */
export function createPathModal(
  { ui, paths }: ScreenContext,
  options: PathModalOptions,
): { readonly definition: ModalDefinition; readonly open: () => void } {
  const store = createPathStore(paths);
  const editor = createEditorModel({ onChange: (text) => void store.getState().look(text) });
  const list = createListModel<PathEntry>({ items: () => store.getState().completions, key: ({ name }) => name });
  const modal: PathModal = {
    editor,
    list,
    state: store.getState,
    taken: () => options.takes?.(editor.text().trim()) ?? false,
    complete: () => {
      const { completions } = store.getState();
      const chosen = list.store.getState().cursor > 0 || completions.length === 1 ? list.selected() : undefined;
      editor.set(store.getState().completed(chosen));
      list.edge('first');
    },
    accept: () => {
      ui.getState().close();
      if (modal.taken()) return options.submit(editor.text().trim());
      return options.submit(store.getState().path.replace(/(.)\/$/, '$1'));
    },
    open: () => {
      if (editor.text() === '') editor.set(options.initial?.() ?? '~/');
      ui.getState().open({ kind: 'modal', id: options.id });
    },
  };

  return {
    open: modal.open,
    definition: {
      id: options.id,
      title: options.title,
      width: 76,
      height: 18,
      view: (props) => <PathView modal={modal} store={store} {...props} />,
      editor: () => editor,
      target: () => list,
      actions: bindActions(pathActions(options.id), () => modal),
    },
  };
}

interface PathViewProps extends ModalViewProps {
  readonly modal: PathModal;
  readonly store: PathStore;
}

function PathView({ modal, store, rect }: PathViewProps): ReactNode {
  const state = useStore(store);
  const { width, height } = rect;
  return (
    <Box flexDirection="column" width={width} height={height}>
      <Editor
        model={modal.editor}
        rect={{ ...rect, height: 1 }}
        focused
        placeholder={t('path.placeholder')}
        prefix="> "
      />
      <Row
        line={modal.taken() ? [{ text: `✓ ${sanitizeLine(state.text.trim())}`, style: 'good' }] : kindLine(state)}
        width={width}
      />
      <Row line={[{ text: '─'.repeat(width), style: 'border' }]} width={width} />
      <List
        model={modal.list}
        width={width}
        height={Math.max(1, height - 3)}
        render={(entry) => entryLine(entry)}
        empty={t('path.nothing')}
      />
    </Box>
  );
}

function pathActions(id: string): readonly Action<PathModal>[] {
  return [
    {
      id: `${id}.accept`,
      title: 'Take it',
      help: 'Takes this file or folder.',
      keys: ['enter'],
      rank: 1,
      inText: true,
      when: ({ state, taken }) => (state().kind === 'missing' && !taken() ? t('path.missing') : true),
      run: ({ accept }) => accept(),
    },
    {
      id: `${id}.complete`,
      title: 'Complete',
      help: 'Completes the path by the entry under the cursor.',
      keys: ['tab'],
      rank: 2,
      inText: true,
      when: ({ state }) => (state().completions.length > 0 ? true : t('path.nothing')),
      run: ({ complete }) => complete(),
    },
  ];
}

function kindLine({ kind, path }: PathState): Line {
  const shown = { text: ` ${sanitizeLine(path)}`, style: 'muted' as const };
  switch (kind) {
    case 'folder':
      return [{ text: `✓ ${t('path.folder')}`, style: 'good' }, shown];
    case 'file':
      return [{ text: `✓ ${t('path.file')}`, style: 'good' }, shown];
    case 'missing':
      return [{ text: `✗ ${t('path.missing')}`, style: 'warn' }, shown];
    case 'checking':
      return [shown];
  }
}

function entryLine({ name, folder }: PathEntry): Line {
  return folder ? [{ text: `${sanitizeLine(name)}/`, style: 'accent' }] : sanitizeLine(name);
}
