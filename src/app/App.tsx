import { Box } from 'ink';
import { type ReactNode, useMemo, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import type { UiState } from '../../stores/ui.ts';
import { barSpans } from '../ui/bars.ts';
import { UiProvider, type UiServices } from '../ui/context.tsx';
import { t } from '../ui/i18n/index.ts';
import { Modal } from '../ui/Modal.tsx';
import { ErrorBoundary } from '../ui/Panel.tsx';
import { Row, Rows } from '../ui/Row.tsx';
import { inside, type Rect } from '../ui/rect.ts';
import { Toasts } from '../ui/Toasts.tsx';
import type { Line } from '../ui/text.ts';
import { themes } from '../ui/theme.ts';
import { wrapRows } from '../ui/wrap.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { AppLayout } from './layout.ts';
import type { AppOptions, Watched } from './parts.ts';
import { footerOf, statusOf, tabsOf, type ViewState, viewStateOf } from './view-state.ts';

export interface AppProps {
  readonly options: AppOptions;
  readonly dispatcher: Dispatcher;
  /** Told of every change of the watched stores. */
  readonly changes: Watched & { readonly version: () => number };
}

/** The whole window: tabs, screen or modal, toasts, status bar, footer. */
export function App({ options, dispatcher, changes }: AppProps): ReactNode {
  const { ui, scheduler, terminal } = options;
  const state = useStore(ui);
  // A screen's layout and focus may hang on its stores.
  useSyncExternalStore(changes.subscribe, changes.version, changes.version);
  const services = useMemo<UiServices>(
    () => ({
      theme: themes[state.theme],
      setCursor: (position) => terminal.setCursor(position ?? null),
      paints: scheduler,
      ticks: scheduler.ticks,
    }),
    [state.theme, terminal, scheduler],
  );
  const strip = options.strip?.(state.size.columns, state.size.rows) ?? [];
  const view = viewStateOf(state, dispatcher.place(), strip.length);
  return (
    <UiProvider value={services}>
      {view.layout ? (
        <Window key={state.language} options={options} state={state} view={view} layout={view.layout} strip={strip} />
      ) : (
        <TooSmall size={state.size} />
      )}
    </UiProvider>
  );
}

function TooSmall({ size }: { readonly size: UiState['size'] }): ReactNode {
  const text = t('app.tooSmall', { columns: size.columns, rows: size.rows });
  return <Rows lines={wrapRows(text, size.columns)} width={size.columns} height={size.rows} />;
}

interface WindowProps {
  readonly options: AppOptions;
  readonly state: UiState;
  readonly view: ViewState;
  readonly layout: AppLayout;
  readonly strip: readonly Line[];
}

function Window({ options, state, view, layout, strip }: WindowProps): ReactNode {
  const { place, filtering } = view;
  const { columns, rows } = state.size;
  const modal = layout.modal && place.modal ? place.modal : undefined;
  const tabs = barSpans(tabsOf(options.screens, state.screen, columns));
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Row line={tabs} width={columns} />
      {layout.screen ? <ScreenArea view={view} layout={layout} rect={layout.screen} /> : null}
      {modal && layout.modal ? (
        <Modal region={layout.modal.region} rect={layout.modal.rect} title={modal.title()}>
          <modal.view rect={inside(layout.modal.rect)} />
        </Modal>
      ) : null}
      <Rows lines={strip} width={columns} />
      <Toasts toasts={state.toasts} width={columns} />
      <Row line={barSpans(statusOf(options.status(), state, columns))} width={columns} />
      {filtering && place.modal ? (
        <place.modal.view rect={layout.footer} />
      ) : (
        <Row line={barSpans(footerOf(view, columns))} width={columns} />
      )}
    </Box>
  );
}

function ScreenArea({ view, layout, rect }: { view: ViewState; layout: AppLayout; rect: Rect }): ReactNode {
  const { screen, pane, modal } = view.place;
  const focus = modal && !view.filtering ? '' : (pane?.id ?? '');
  return (
    <Box width={rect.width} height={rect.height} flexDirection="column" flexShrink={0}>
      <ErrorBoundary key={screen.id} width={rect.width} height={rect.height} hint={t('app.retry')}>
        <screen.view rect={rect} rects={layout.panes} focus={focus} />
      </ErrorBoundary>
    </Box>
  );
}
