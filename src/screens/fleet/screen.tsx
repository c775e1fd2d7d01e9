import type { Place, PlaceGpu, PlaceJob, PlaceServer } from '../../fleet/types.ts';
import { bindActions } from '../../keys/bind.ts';
import { t } from '../../ui/i18n/index.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import type { ScreenDefinition } from '../../ui/screen.ts';
import type { ScreenContext } from '../context.ts';
import { fleetActions } from './actions.ts';
import { type FactRow, factsOf, nameOf } from './facts.ts';
import type { Section } from './sections.ts';
import { FleetView } from './view.tsx';

const WIDE = 110;

export interface FleetModel {
  readonly context: ScreenContext;
  readonly list: ListModel<Place>;
  readonly machine: ListModel<FactRow>;
  readonly gpus: ListModel<PlaceGpu>;
  readonly jobs: ListModel<PlaceJob>;
  readonly servers: ListModel<PlaceServer>;
  readonly section: () => Section;
  readonly show: (section: Section) => void;
}

const NONE: readonly never[] = [];

/** This machine and its hosts, how each of them is, and how old that knowledge is. */
export function createFleetScreen(context: ScreenContext): ScreenDefinition {
  const { fleet, ui } = context;
  let section: Section = 'machine';
  const list = createListModel<Place>({
    items: () => fleet.getState().places ?? NONE,
    key: ({ id }) => id || ' ',
    text: (place) => nameOf(place),
  });
  const place = (): Place | undefined => list.selected();
  let facts: { readonly of: Place | undefined; readonly rows: readonly FactRow[] } | undefined;
  const machine = createListModel<FactRow>({
    items: () => {
      const of = place();
      if (facts?.of !== of) facts = { of, rows: of ? factsOf(of) : NONE };
      return facts?.rows ?? NONE;
    },
    key: ({ id }) => id,
  });
  const gpus = createListModel<PlaceGpu>({
    items: () => {
      const known = place()?.gpus?.value;
      return known?.state === 'ok' ? known.gpus : NONE;
    },
    key: ({ index }) => String(index),
  });
  const jobs = createListModel<PlaceJob>({
    items: () => place()?.jobs ?? NONE,
    key: ({ id }) => id,
    text: ({ name, view }) => `${name} ${view?.state ?? ''}`,
  });
  const servers = createListModel<PlaceServer>({
    items: () => place()?.servers?.value ?? NONE,
    key: ({ id }) => id,
    text: ({ name, sample }) => `${name} ${sample.url}`,
  });
  const sections = { machine, gpus, jobs, servers };
  const model: FleetModel = {
    context,
    list,
    ...sections,
    section: () => section,
    show: (next) => {
      section = next;
      ui.getState().setFocus('detail', 'fleet');
    },
  };
  const copied = (): string | null => {
    if (section === 'jobs') return jobs.selected()?.id ?? null;
    if (section === 'servers') return servers.selected()?.sample.url ?? null;
    return null;
  };
  return {
    id: 'fleet',
    key: ',',
    title: () => t('fleet.title'),
    panes: [
      { id: 'list', title: () => t('fleet.list'), target: () => list, copy: () => place()?.id || null },
      { id: 'detail', title: () => t('fleet.detail'), target: () => sections[section], copy: copied },
    ],
    layout,
    view: (props) => <FleetView model={model} {...props} />,
    actions: bindActions(fleetActions, () => model),
    back: () => {
      if (section === 'machine') return false;
      section = 'machine';
      ui.getState().setFocus('list', 'fleet');
      return true;
    },
    canGoBack: () => section !== 'machine',
    onEnter: () => fleet.getState().open(),
    onLeave: () => fleet.getState().close(),
  };
}

function layout(rect: Rect): Record<string, Rect> {
  const [list, detail] = rect.width >= WIDE ? splitColumns(rect, ['1fr', '1fr']) : splitRows(rect, ['2fr', '3fr']);
  return list && detail ? { list, detail } : {};
}
