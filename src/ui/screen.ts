import type { ComponentType } from 'react';
import type { BoundAction } from '../keys/bind.ts';
import type { EditorModel } from './editor-model.ts';
import type { Rect } from './rect.ts';

/** What arrows, pages, wheel, marks, filter and clicks act on: a list, a table or a scrolled text. */
export interface NavigationTarget {
  /** Moves the cursor (lists) or the text (streams) by rows. */
  readonly move: (rows: number) => void;
  readonly page: (direction: -1 | 1) => void;
  readonly edge: (end: 'first' | 'last') => void;
  /** Marks the row under the cursor, for bulk actions. Absent: marks are not offered. */
  readonly mark?: () => void;
  /** Absent: `/` is not offered. */
  readonly filter?: { readonly get: () => string; readonly set: (text: string) => void };
  /** A click on a row of the pane's body, from 0; true = that row is now selected. */
  readonly click?: (row: number) => boolean;
}

/** A part of a screen that can have the focus. */
export interface PaneDefinition {
  readonly id: string;
  readonly title: () => string;
  /** The text field with the focus when this pane has it; null = none just now. */
  readonly editor?: () => EditorModel | null;
  readonly target?: () => NavigationTarget | null;
  /** Actions that hold only while this pane has the focus. */
  readonly actions?: readonly BoundAction[];
  /** False = skipped by Tab just now. */
  readonly focusable?: () => boolean;
  /** What `y` copies while this pane has the focus; null = nothing just now. */
  readonly copy?: () => string | null;
}

/** What a screen's view gets. Its panes' rectangles are already those of the zoomed pane, if one is. */
export interface ScreenViewProps {
  readonly rect: Rect;
  /** Of the panes that are on screen: a pane that is not here is not drawn. */
  readonly rects: Readonly<Partial<Record<string, Rect>>>;
  /** Id of the pane with the focus; '' while an overlay has it. */
  readonly focus: string;
}

/** What a modal's view gets: the inside of its box. */
export interface ModalViewProps {
  readonly rect: Rect;
}

/** A form or a chooser of a screen's own, opened with `ui.open({ kind: 'modal', id })`. Esc closes it. */
export interface ModalDefinition {
  readonly id: string;
  readonly title: () => string;
  /** Wanted outer size in cells; cut to the terminal. */
  readonly width: number;
  readonly height: number;
  readonly view: ComponentType<ModalViewProps>;
  readonly actions: readonly BoundAction[];
  readonly editor?: () => EditorModel | null;
  readonly target?: () => NavigationTarget | null;
  /** After Esc closed it; not when an action closes it by `ui.close()`. */
  readonly onClose?: () => void;
}

/** A screen as the app knows it. Made by a factory of the screen's folder from the stores it needs. */
export interface ScreenDefinition {
  /** `kb`: also the prefix of its action ids. */
  readonly id: string;
  /** The key that shows it: a digit, or a sign beside them. */
  readonly key: string;
  readonly title: () => string;
  /** In Tab order; the first has the focus at the start. */
  readonly panes: readonly PaneDefinition[];
  /** Pure: where each pane lies in the room the app gives. A pane that is left out is hidden. */
  readonly layout: (rect: Rect) => Readonly<Record<string, Rect>>;
  readonly view: ComponentType<ScreenViewProps>;
  readonly actions: readonly BoundAction[];
  readonly modals?: readonly ModalDefinition[];
  readonly onEnter?: () => void;
  readonly onLeave?: () => void;
  /** What `Y` copies and `o` opens in the pager: the whole answer, the whole document. */
  readonly copyAll?: () => string | null;
  /** Esc: undo one step inside the screen; false = there was nothing to undo. */
  readonly back?: () => boolean;
  /** `back` has something to undo: then the footer offers Esc. */
  readonly canGoBack?: () => boolean;
}
