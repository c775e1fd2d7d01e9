import { Box } from 'ink';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { parseGroupSpec } from '../../kb/splitters/groups.ts';
import { bindActions } from '../../keys/bind.ts';
import type { Action } from '../../keys/types.ts';
import { DEFAULT_EMBEDDERS } from '../../models/catalogue.ts';
import type { ModelStatus } from '../../models/types.ts';
import { errorLine } from '../../platform/errors.ts';
import { Editor } from '../../ui/Editor.tsx';
import { createEditorModel, type EditorModel } from '../../ui/editor-model.ts';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { Row } from '../../ui/Row.tsx';
import type { ModalDefinition, ModalViewProps } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';

type Field = 'name' | 'groups' | 'embedder';
const FIELDS: readonly Field[] = ['name', 'groups', 'embedder'];

interface Form {
  readonly context: ScreenContext;
  readonly field: StoreApi<{ readonly field: Field }>;
  readonly name: EditorModel;
  readonly groups: EditorModel;
  readonly embedders: ListModel<ModelStatus>;
  /** `true`, or what is wrong. */
  readonly check: () => true | string;
  readonly submit: () => Promise<void>;
}

/** The form of a new knowledge base; `then` runs once it is made. */
export function createBaseModal(
  context: ScreenContext,
  then: () => void,
): { readonly definition: ModalDefinition; readonly open: () => void } {
  const field = createStore<{ readonly field: Field }>(() => ({ field: 'name' }));
  const name = createEditorModel();
  const groups = createEditorModel({ text: 'sentence' });
  let cache: { list: readonly ModelStatus[] | null; embedders: readonly ModelStatus[] } = { list: null, embedders: [] };
  const present = (): readonly ModelStatus[] => {
    const { list } = context.models.getState();
    if (cache.list !== list) {
      const embedders = (list ?? []).filter(({ entry, state }) => entry.kind === 'embedder' && state === 'present');
      cache = { list, embedders };
    }
    return cache.embedders;
  };
  const embedders = createListModel<ModelStatus>({ items: present, key: ({ entry }) => entry.id });
  const parsedGroups = () => {
    const tokenizer = embedders.selected()?.entry.id ?? '';
    return groups
      .text()
      .trim()
      .split(/[\s,]+/)
      .filter(Boolean)
      .map((spec) => parseGroupSpec(spec, tokenizer));
  };
  const form: Form = {
    context,
    field,
    name,
    groups,
    embedders,
    check: () => {
      if (name.text().trim() === '') return t('kb.why.noName');
      if (!embedders.selected()) return t('kb.why.noEmbedder');
      try {
        return parsedGroups().length > 0 ? true : t('kb.why.noGroups');
      } catch (error) {
        return errorLine(error);
      }
    },
    submit: async () => {
      const embedder = embedders.selected()?.entry.id;
      if (!embedder) return;
      await context.kb.getState().create(name.text().trim(), parsedGroups(), [embedder]);
      name.set('');
      field.setState({ field: 'name' });
      context.ui.getState().close();
      then();
    },
  };
  return {
    open: () => {
      // The embedder of the base one stands on, else the one for the language of the screens.
      const { list, selected } = context.kb.getState();
      const { language } = context.ui.getState();
      embedders.select(list?.find((base) => base.name === selected)?.embedders[0] ?? DEFAULT_EMBEDDERS[language]);
      context.ui.getState().open({ kind: 'modal', id: 'kb.create' });
    },
    definition: {
      id: 'kb.create',
      title: () => t('kb.createTitle'),
      width: 80,
      height: 16,
      view: (props) => <CreateView form={form} {...props} />,
      editor: () => {
        const { field: current } = field.getState();
        return current === 'name' ? name : current === 'groups' ? groups : null;
      },
      target: () => embedders,
      actions: bindActions(formActions, () => form),
    },
  };
}

const formActions: readonly Action<Form>[] = [
  {
    id: 'kb.form.make',
    title: 'Make it',
    help: 'Makes the knowledge base, then asks for its documents.',
    keys: ['enter'],
    rank: 1,
    inText: true,
    when: ({ check }) => check(),
    run: ({ submit }) => submit(),
  },
  {
    id: 'kb.form.next',
    title: 'Next field',
    help: 'Moves to the next field.',
    keys: ['tab'],
    rank: 2,
    inText: true,
    run: ({ field, context }) => move(field, 1, context),
  },
  {
    id: 'kb.form.previous',
    title: 'Previous field',
    help: 'Moves to the field before.',
    keys: ['shift+tab'],
    inText: true,
    run: ({ field, context }) => move(field, -1, context),
  },
];

function move(field: Form['field'], step: 1 | -1, { ui }: ScreenContext): void {
  const at = FIELDS.indexOf(field.getState().field);
  field.setState({ field: FIELDS[(at + step + FIELDS.length) % FIELDS.length] ?? 'name' });
  // Which field has the keys hangs on a store of our own: the app looks again when its own changes.
  ui.setState({});
}

function CreateView({ form, rect }: ModalViewProps & { readonly form: Form }): ReactNode {
  const { field } = useStore(form.field);
  const { width } = rect;
  const label = (id: Field, text: string): ReactNode => (
    <Row line={[{ text, style: field === id ? 'accent' : 'muted', bold: field === id }]} width={width} />
  );
  return (
    <Box flexDirection="column" width={width} height={rect.height}>
      {label('name', t('kb.field.name'))}
      <Editor
        model={form.name}
        rect={{ ...rect, y: rect.y + 1, height: 1 }}
        focused={field === 'name'}
        placeholder={t('kb.field.namePlaceholder')}
        prefix="> "
      />
      <Row line="" width={width} />
      {label('groups', t('kb.field.groups'))}
      <Editor
        model={form.groups}
        rect={{ ...rect, y: rect.y + 4, height: 1 }}
        focused={field === 'groups'}
        prefix="> "
      />
      <Row line={[{ text: `  ${t('kb.groupForms')}`, style: 'muted' }]} width={width} />
      <Row line="" width={width} />
      {label('embedder', t('kb.field.embedder'))}
      <List
        model={form.embedders}
        width={width}
        height={Math.max(1, rect.height - 8)}
        focused
        render={({ entry }) => [{ text: ` ${entry.title}` }, { text: `  ${entry.id}`, style: 'muted' }]}
        empty={t('kb.why.noEmbedder')}
      />
    </Box>
  );
}
