import type { JobView } from '../../jobs/types.ts';
import { bindActions } from '../../keys/bind.ts';
import { t } from '../../ui/i18n/index.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { type Rect, splitColumns, splitRows } from '../../ui/rect.ts';
import type { ScreenDefinition } from '../../ui/screen.ts';
import { createStreamModel, type StreamModel } from '../../ui/stream-model.ts';
import type { ScreenContext } from '../context.ts';
import { whereText } from '../progress.ts';
import { jobsActions } from './actions.ts';
import { ALL, type Facet, isShown } from './facet.ts';
import { logText, plainText } from './log.ts';
import { JobsScreenView } from './view.tsx';

const WIDE = 150;

export interface JobsModel {
  readonly context: ScreenContext;
  readonly list: ListModel<JobView>;
  readonly log: StreamModel;
  /** What lines of the log must hold; '' = all are shown. */
  readonly search: () => string;
  readonly setSearch: (text: string) => void;
  /** Which jobs are listed. */
  readonly facet: () => Facet;
  readonly setFacet: (facet: Facet) => void;
}

const NO_JOBS: readonly JobView[] = [];

/** Jobs with their progress, and the log of the one under the cursor as it is written. */
export function createJobsScreen(context: ScreenContext): ScreenDefinition {
  const { jobs } = context;
  const log = createStreamModel({ follow: true });
  let search = '';
  let shown = '';
  let facet: Facet = ALL;
  let listed:
    | { readonly of: readonly JobView[]; readonly facet: Facet; readonly items: readonly JobView[] }
    | undefined;

  /** The same array while nothing changed: the list compares. */
  const items = (): readonly JobView[] => {
    const all = jobs.getState().list ?? NO_JOBS;
    if (facet.by === 'all') return all;
    if (listed?.of !== all || listed.facet !== facet) {
      listed = { of: all, facet, items: all.filter((job) => isShown(job, facet)) };
    }
    return listed.items;
  };
  const list = createListModel<JobView>({
    items,
    key: ({ spec }) => spec.id,
    text: (job) => {
      const { spec, state, tags, note } = job;
      return [spec.name, whereText(job), spec.work.kind, state, spec.id, ...tags.map((tag) => `#${tag}`), note].join(
        ' ',
      );
    },
    onSelect: (job) => {
      if (job) jobs.getState().select(job.spec.id);
    },
  });
  /** The log as it is now; while lines are only added, only they are appended, so that scrolling stays. */
  const sync = (): void => {
    const job = list.selected();
    const { source, output, logs } = jobs.getState();
    const text =
      source === 'events' ? logText(job ? (logs.get(job.spec.id) ?? []) : [], search) : plainText(output, search);
    const key = `${job?.spec.id ?? ''} ${source} ${search}`;
    if (key === shown && text.startsWith(log.text())) log.append(text.slice(log.text().length));
    else log.set(text);
    shown = key;
  };
  jobs.subscribe((state, before) => {
    if (state.selected && state.selected !== before.selected && list.selected()?.spec.id !== state.selected) {
      list.select(state.selected);
    }
    // The first job is under the cursor before anybody chose one: its log is wanted too.
    const current = list.selected();
    if (current && state.selected === null && context.ui.getState().screen === 'jobs') state.select(current.spec.id);
    if (state.logVersion !== before.logVersion || state.selected !== before.selected || state.list !== before.list)
      sync();
  });

  const model: JobsModel = {
    context,
    list,
    log,
    search: () => search,
    setSearch: (text) => {
      search = text;
      sync();
    },
    facet: () => facet,
    setFacet: (next) => {
      facet = next;
      list.edge('first');
      const first = list.selected();
      if (first) jobs.getState().select(first.spec.id);
    },
  };
  return {
    id: 'jobs',
    key: '5',
    title: () => t('jobs.title'),
    panes: [
      { id: 'list', title: () => t('jobs.list'), target: () => list, copy: () => list.selected()?.spec.id ?? null },
      {
        id: 'log',
        title: () => t('jobs.log'),
        target: () => ({ ...log, filter: { get: () => search, set: model.setSearch } }),
        copy: () => log.text() || null,
      },
    ],
    layout,
    view: (props) => <JobsScreenView model={model} {...props} />,
    actions: bindActions(jobsActions, () => model),
    copyAll: () => log.text() || null,
    back: () => {
      if (jobs.getState().source !== 'events') jobs.getState().showSource('events');
      else if (facet.by !== 'all') model.setFacet(ALL);
      else return false;
      return true;
    },
    canGoBack: () => jobs.getState().source !== 'events' || facet.by !== 'all',
    onEnter: () => {
      const current = list.selected();
      if (current) jobs.getState().select(current.spec.id);
      void jobs.getState().refresh();
    },
  };
}

function layout(rect: Rect): Record<string, Rect> {
  const [list, log] = rect.width >= WIDE ? splitColumns(rect, ['1fr', '1fr']) : splitRows(rect, ['2fr', '3fr']);
  return list && log ? { list, log } : {};
}
