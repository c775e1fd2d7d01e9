import { SMALLEST_WINDOW } from '../platform/smallest-window.ts';
import type { Rect } from '../ui/rect.ts';
import type { ScreenDefinition } from '../ui/screen.ts';

/** A modal leaves the screen in view above it when so many rows remain for it. */
const SCREEN_BESIDE_MODAL = 10;

export interface AppLayout {
  readonly tabs: Rect;
  /** Room of the screen; null while a modal takes all of it. */
  readonly screen: Rect | null;
  /** The panes on screen, by id. */
  readonly panes: Readonly<Partial<Record<string, Rect>>>;
  /** What a modal takes of the body, and its box in there; null = no modal. */
  readonly modal: { readonly region: Rect; readonly rect: Rect } | null;
  readonly strip: Rect;
  readonly toasts: Rect;
  readonly status: Rect;
  readonly footer: Rect;
}

export interface LayoutInput {
  readonly columns: number;
  readonly rows: number;
  readonly screen: Pick<ScreenDefinition, 'layout'>;
  /** Id of the pane that has the whole body. */
  readonly zoomed?: string | undefined;
  /** Outer size a modal wants. */
  readonly modal?: { readonly width: number; readonly height: number } | undefined;
  readonly toastRows?: number;
  /** Of the tour, below the screen. */
  readonly stripRows?: number;
}

/** Where everything lies on a terminal of that size; null below 60×20. Pure. */
export function layout(input: LayoutInput): AppLayout | null {
  const { columns, rows, screen, zoomed, modal: wanted, toastRows = 0, stripRows = 0 } = input;
  if (columns < SMALLEST_WINDOW.columns || rows < SMALLEST_WINDOW.rows) return null;
  const row = (y: number, height = 1): Rect => ({ x: 0, y, width: columns, height });
  const body = row(1, rows - 3 - toastRows - stripRows);
  const modal = wanted ? modalPlace(body, wanted) : null;
  const free = modal ? above(body, modal.region) : body;
  const panes = free ? (zoomed === undefined ? screen.layout(free) : { [zoomed]: free }) : {};
  return {
    tabs: row(0),
    screen: free,
    panes,
    modal,
    strip: row(rows - 2 - toastRows - stripRows, stripRows),
    toasts: row(rows - 2 - toastRows, toastRows),
    status: row(rows - 2),
    footer: row(rows - 1),
  };
}

function modalPlace(body: Rect, wanted: { width: number; height: number }): { region: Rect; rect: Rect } {
  const height = Math.min(wanted.height, body.height);
  const width = Math.min(wanted.width, body.width);
  const beside = body.height - height >= SCREEN_BESIDE_MODAL;
  const region = beside ? { ...body, y: body.y + body.height - height, height } : body;
  const rect = {
    x: region.x + Math.floor((region.width - width) / 2),
    y: region.y + Math.floor((region.height - height) / 2),
    width,
    height,
  };
  return { region, rect };
}

const above = (body: Rect, region: Rect): Rect | null =>
  region.y > body.y ? { ...body, height: region.y - body.y } : null;
