import { Box } from 'ink';
import type { ReactNode } from 'react';
import type { Choice, Overlay } from '../../../stores/ui.ts';
import { Editor } from '../../ui/Editor.tsx';
import { createEditorModel } from '../../ui/editor-model.ts';
import { t } from '../../ui/i18n/index.ts';
import { highlighted, List } from '../../ui/List.tsx';
import { createListModel } from '../../ui/list-model.ts';
import { Rows } from '../../ui/Row.tsx';
import { splitRows } from '../../ui/rect.ts';
import type { ModalDefinition, ModalViewProps } from '../../ui/screen.ts';
import type { Span } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { bindOverlay } from './actions.ts';
import type { OverlayServices } from './services.ts';

type Of<Kind extends Overlay['kind']> = Extract<Overlay, { kind: Kind }>;
const WIDTH = 76;

/** Rows a text takes in a modal of our width on a terminal of at least 60 columns. */
const textRows = (text: string): number => (text === '' ? 0 : wrapRows(text, 54).length);

/** A yes-or-no question with the consequence spelled out. Enter does nothing: it is pressed too easily. */
export function confirmModal(overlay: Of<'confirm'>, { perform, close }: OverlayServices): ModalDefinition {
  const yes = (): void => {
    close();
    perform('confirm', overlay.run);
  };
  return {
    id: 'confirm',
    title: () => overlay.title,
    width: WIDTH,
    height: Math.min(20, textRows(overlay.text) + 4),
    actions: [...bindOverlay('yes', yes), ...bindOverlay('no', close)],
    view: ({ rect }: ModalViewProps): ReactNode => {
      const text = wrapRows(overlay.text, rect.width - 2).map((row) => ` ${row}`);
      const keys: Span[] = [
        { text: ` ${t('confirm.yes')}`, style: 'warn', bold: true },
        { text: `   ${t('confirm.no')}` },
      ];
      return <Rows lines={[...text.slice(0, rect.height - 2), '', keys]} width={rect.width} height={rect.height} />;
    },
  };
}

/** A number is typed anew, not added to. */
const NUMBER = /^(?:auto|-?\d[\d.]*(?:e-?\d+)?)$/;

/** One line of text. */
export function promptModal(overlay: Of<'prompt'>, { perform, close }: OverlayServices): ModalDefinition {
  const editor = createEditorModel({ text: overlay.initial, marked: NUMBER.test(overlay.initial) });
  const submit = (): void => {
    close();
    perform('prompt', () => overlay.submit(editor.text()));
  };
  return {
    id: 'prompt',
    title: () => overlay.title,
    width: WIDTH,
    height: textRows(overlay.text) + 3,
    actions: bindOverlay('submit', submit),
    editor: () => editor,
    view: ({ rect }: ModalViewProps): ReactNode => {
      const [textRect, field] = splitRows(rect, ['1fr', 1]);
      if (!textRect || !field) return null;
      const lines = wrapRows(overlay.text, rect.width - 2).map((row) => ` ${row}`);
      return (
        <Box flexDirection="column">
          <Rows lines={overlay.text === '' ? [] : lines} width={textRect.width} height={textRect.height} />
          <Editor model={editor} rect={field} focused prefix=" › " secret={overlay.secret} />
        </Box>
      );
    },
  };
}

/** A list to take one from. */
export function chooseModal(overlay: Of<'choose'>, { ui, perform, close }: OverlayServices): ModalDefinition {
  const list = createListModel<Choice>({
    items: () => overlay.choices,
    key: (choice) => choice.id,
    text: (choice) => choice.title,
  });
  if (overlay.choices.some((choice) => choice.id === overlay.selected)) list.select(overlay.selected);
  const pick = (): void => {
    const choice = list.selected();
    if (!choice) return;
    if (choice.disabled) {
      ui.getState().toast(t('disabled', { title: choice.title, reason: choice.disabled }), 'warn');
      return;
    }
    close();
    perform('choose', () => overlay.pick(choice.id));
  };
  return {
    id: 'choose',
    title: () => overlay.title,
    width: WIDTH,
    height: Math.min(18, Math.max(1, overlay.choices.length) + 2),
    actions: bindOverlay('pick', pick),
    target: () => list,
    view: ({ rect }: ModalViewProps): ReactNode => (
      <List
        model={list}
        width={rect.width}
        height={rect.height}
        empty={t('choose.none')}
        render={(choice, row): Span[] => [
          ...highlighted(choice.title, row.matched, choice.disabled ? 'muted' : undefined),
          { text: `  ${choice.disabled ?? choice.note ?? ''}`, style: 'muted' },
        ]}
      />
    ),
  };
}
