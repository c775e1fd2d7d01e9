import { Box } from 'ink';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { LogLine } from '../../../stores/ui.ts';
import { helpSections, type PaletteItem, paletteItems } from '../../keys/help.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { Editor } from '../../ui/Editor.tsx';
import { createEditorModel } from '../../ui/editor-model.ts';
import { actionText, t } from '../../ui/i18n/index.ts';
import { highlighted, List } from '../../ui/List.tsx';
import { createListModel } from '../../ui/list-model.ts';
import { splitRows } from '../../ui/rect.ts';
import type { ModalDefinition, ModalViewProps } from '../../ui/screen.ts';
import { type Line, pad, type Span } from '../../ui/text.ts';
import type { StyleName } from '../../ui/theme.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { bindOverlay } from './actions.ts';
import type { OverlayServices } from './services.ts';

const WHOLE = 1000;

/** Cells of keys and title before what an action does. */
const HELP_INDENT = 32;

interface HelpLine {
  readonly id: string;
  readonly line: Line;
}

/** Every key that works at the focused thing, with why some don't just now. Made when it opens. */
export function helpModal({ scopesBelow, ui }: OverlayServices): ModalDefinition {
  const sections = helpSections(scopesBelow(), actionText);
  const place = sections[0]?.title ?? '';
  // The list's cursor and the borders take three cells.
  const helpWidth = Math.max(20, ui.getState().size.columns - 3 - HELP_INDENT);
  const lines = sections.flatMap((section, s): HelpLine[] => [
    ...(s > 0 ? [{ id: `space${s}`, line: '' }] : []),
    { id: `title${s}`, line: [{ text: section.title, style: 'accent', bold: true }] },
    ...section.rows.flatMap((row): HelpLine[] => {
      const note = row.disabled ? ` (${row.disabled})` : '';
      const style: StyleName = row.disabled ? 'muted' : 'text';
      return wrapRows(row.help + note, helpWidth).map((text, i): HelpLine => {
        const lead: Span[] =
          i > 0
            ? [{ text: ' '.repeat(HELP_INDENT) }]
            : [
                { text: `${pad(row.keys, 14)} `, style },
                { text: `${pad(row.title, 16)} `, style, bold: !row.disabled },
              ];
        return { id: `${row.id} ${i}`, line: [...lead, { text, style: 'muted' }] };
      });
    }),
  ]);
  const list = createListModel<HelpLine>({ items: () => lines, key: (line) => line.id });
  return {
    id: 'help',
    title: () => t('help.title', { place }),
    width: WHOLE,
    height: WHOLE,
    actions: [],
    target: () => list,
    view: ({ rect }: ModalViewProps): ReactNode => (
      <List model={list} width={rect.width} height={rect.height} empty="" render={(line) => line.line} />
    ),
  };
}

/** All actions, found by a part of their name. */
export function paletteModal({ allScopes, invoke, close }: OverlayServices): ModalDefinition {
  const scopes = allScopes();
  let items = paletteItems(scopes, '', actionText);
  const list = createListModel<PaletteItem>({ items: () => items, key: (item) => item.action.id });
  const editor = createEditorModel({
    onChange: (query) => {
      items = paletteItems(scopes, query, actionText);
      list.edge('first');
      // The cursor may stand on the first row already: the rows are new all the same.
      list.store.setState({});
    },
  });
  const run = (): void => {
    const item = list.selected();
    if (!item) return;
    close();
    invoke(item.action);
  };
  return {
    id: 'palette',
    title: () => t('palette.title'),
    width: 100,
    height: WHOLE,
    actions: bindOverlay('runAction', run),
    editor: () => editor,
    target: () => list,
    view: ({ rect }: ModalViewProps): ReactNode => {
      const [field, rows] = splitRows(rect, [1, '1fr']);
      if (!field || !rows) return null;
      return (
        <Box flexDirection="column">
          <Editor model={editor} rect={field} focused prefix=" › " placeholder={t('palette.placeholder')} />
          <List
            model={list}
            width={rows.width}
            height={rows.height}
            empty={t('palette.none')}
            render={(item, row) => paletteRow(item, row.width)}
          />
        </Box>
      );
    },
  };
}

function paletteRow(item: PaletteItem, width: number): Span[] {
  const style: StyleName = item.disabled ? 'muted' : 'text';
  const titleWidth = Math.min(24, Math.floor(width / 3));
  const title = pad(item.title, titleWidth);
  const matched = item.matched.filter((offset) => title[offset] === item.title[offset]);
  return [
    ...highlighted(title, matched, style),
    { text: ` ${pad(item.keys, 9)} `, style: 'accent' },
    { text: item.disabled ?? `${item.place}: ${item.help}`, style: 'muted' },
  ];
}

interface LogRow {
  readonly id: string;
  readonly text: string;
  readonly style: StyleName;
}

const LOG_STYLES: Readonly<Record<LogLine['level'], StyleName>> = { info: 'text', warn: 'warn', error: 'bad' };

/** Log lines as rows of a width: the first with the time, the others indented. */
export function logRows(logs: readonly LogLine[], width: number): LogRow[] {
  return logs.flatMap((log) => {
    const time = new Date(log.time).toTimeString().slice(0, 8);
    const style = LOG_STYLES[log.level];
    return wrapRows(sanitizeLine(log.text), width - 11).map((row, i) => ({
      id: `${log.id}.${i}`,
      text: ` ${i === 0 ? time : ' '.repeat(8)} ${row}`,
      style,
    }));
  });
}

/** What was said so far, newest last. */
export function logModal({ ui }: OverlayServices): ModalDefinition {
  let width = 78;
  let cache: { logs: readonly LogLine[]; width: number; rows: LogRow[] } | undefined;
  const rows = (): LogRow[] => {
    const { logs } = ui.getState();
    if (cache?.logs !== logs || cache.width !== width) cache = { logs, width, rows: logRows(logs, width) };
    return cache.rows;
  };
  const list = createListModel<LogRow>({ items: rows, key: (row) => row.id, text: (row) => row.text });
  list.edge('last');
  return {
    id: 'log',
    title: () => t('log.title'),
    width: WHOLE,
    height: WHOLE,
    actions: [],
    target: () => list,
    view: function LogView({ rect }: ModalViewProps): ReactNode {
      useStore(ui, (state) => state.logs);
      width = rect.width;
      return (
        <List
          model={list}
          width={rect.width}
          height={rect.height}
          empty={t('log.empty')}
          render={(row, state) => highlighted(row.text, state.matched, row.style)}
        />
      );
    },
  };
}

/** The field of `/`: it lies in the footer, and the rows above follow what is typed. */
export function filterModal({ paneTarget, close }: OverlayServices): ModalDefinition {
  const filter = paneTarget()?.filter;
  const editor = createEditorModel({ text: filter?.get() ?? '', onChange: (text) => filter?.set(text) });
  return {
    id: 'filter',
    title: () => t('filter.prompt'),
    width: WHOLE,
    height: 1,
    actions: bindOverlay('keepFilter', close),
    editor: () => editor,
    target: paneTarget,
    // Esc: as if there had been no filter. Enter closes by itself and keeps it.
    onClose: () => filter?.set(''),
    view: ({ rect }: ModalViewProps): ReactNode => (
      <Editor model={editor} rect={rect} focused prefix={` ${t('filter.prompt')}`} />
    ),
  };
}
