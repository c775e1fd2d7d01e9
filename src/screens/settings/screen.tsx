import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { type BoundAction, bindActions } from '../../keys/bind.ts';
import { keyName } from '../../keys/names.ts';
import { t } from '../../ui/i18n/index.ts';
import { highlighted, List } from '../../ui/List.tsx';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside, type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import type { ScreenDefinition, ScreenViewProps } from '../../ui/screen.ts';
import { type Line, pad } from '../../ui/text.ts';
import type { ScreenContext } from '../context.ts';
import { Placed } from '../Placed.tsx';
import { settingsActions } from './actions.ts';
import { createRows, type SettingRow } from './rows.ts';

const WIDE = 110;

export interface SettingsModel {
  readonly context: ScreenContext;
  readonly rows: ListModel<SettingRow>;
  readonly keys: ListModel<BoundAction>;
}

/** Settings, the paths of the workspace, and the keymap with the user's overrides. `actions` are all there are. */
export function createSettingsScreen(context: ScreenContext, actions: () => readonly BoundAction[]): ScreenDefinition {
  const settings = createRows(context);
  const rows = createListModel<SettingRow>({ items: () => settings, key: ({ id }) => id });
  let all: readonly BoundAction[] | undefined;
  const keys = createListModel<BoundAction>({
    items: () => {
      all ??= actions();
      return all;
    },
    key: ({ id }) => id,
    text: ({ id, title, keys: bound }) => `${id} ${title} ${bound.join(' ')}`,
  });
  const model: SettingsModel = { context, rows, keys };
  return {
    id: 'settings',
    key: '6',
    title: () => t('settings.title'),
    panes: [
      {
        id: 'settings',
        title: () => t('settings.title'),
        target: () => rows,
        copy: () => rows.selected()?.value() ?? null,
        actions: bindActions(settingsActions, () => model),
      },
      {
        id: 'keys',
        title: () => t('settings.keys'),
        target: () => keys,
        copy: () => keys.selected()?.id ?? null,
      },
    ],
    layout,
    view: (props) => <SettingsView model={model} {...props} />,
    actions: [],
  };
}

function layout(rect: Rect): Record<string, Rect> {
  const [settings, keys] = rect.width >= WIDE ? splitColumns(rect, ['1fr', '1fr']) : splitRows(rect, ['3fr', '2fr']);
  return settings && keys ? { settings, keys } : {};
}

function SettingsView({ model, rect, rects, focus }: ScreenViewProps & { readonly model: SettingsModel }): ReactNode {
  const { settings, keys } = rects;
  return (
    <>
      {settings ? (
        <Placed within={rect} rect={settings}>
          <SettingsList model={model} rect={settings} focused={focus === 'settings'} />
        </Placed>
      ) : null}
      {keys ? (
        <Placed within={rect} rect={keys}>
          <Keymap model={model} rect={keys} focused={focus === 'keys'} />
        </Placed>
      ) : null}
    </>
  );
}

interface PaneProps {
  readonly model: SettingsModel;
  readonly rect: Rect;
  readonly focused: boolean;
}

function SettingsList({ model, rect, focused }: PaneProps): ReactNode {
  const { warnings } = useStore(model.context.settings);
  useStore(model.context.ui);
  const { width, height } = inside(rect);
  const notes = warnings.map((text): Line => [{ text: ` ! ${text}`, style: 'warn' }]);
  return (
    <Panel rect={rect} title={t('settings.title')} focused={focused}>
      <List
        model={model.rows}
        width={width}
        height={Math.max(1, height - notes.length)}
        focused={focused}
        render={(row) => [
          { text: `${pad(t(`settings.row.${row.id}`), 24)} `, style: row.edit ? 'text' : 'muted' },
          { text: row.value(), style: row.edit ? 'accent' : 'muted' },
        ]}
        empty=""
      />
      <Rows lines={notes} width={width} />
    </Panel>
  );
}

function Keymap({ model, rect, focused }: PaneProps): ReactNode {
  const overrides = useStore(model.context.settings, (state) => state.settings.keys);
  const { filter } = useStore(model.keys.store);
  const { width, height } = inside(rect);
  const note = filter ? t('filter.active', { text: filter }) : t('settings.keysNote');
  return (
    <Panel rect={rect} title={t('settings.keys')} note={note} focused={focused}>
      <List
        model={model.keys}
        width={width}
        height={height}
        focused={focused}
        render={(action, { matched }) => [
          ...highlighted(action.id, matched),
          { text: ' '.repeat(Math.max(1, 24 - action.id.length)) },
          { text: action.keys.map(keyName).join(' '), style: 'accent' },
          ...(overrides[action.id] ? [{ text: `  ${t('settings.overridden')}`, style: 'warn' as const }] : []),
        ]}
        empty=""
        emptyFilter={t('kb.noMatch')}
      />
    </Panel>
  );
}
