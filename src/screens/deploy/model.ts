import type { SmokeChat } from '../../../stores/deploy-types.ts';
import { sanitize } from '../../platform/sanitize.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { createStreamModel, type StreamModel } from '../../ui/stream-model.ts';
import type { ScreenContext } from '../context.ts';
import type { FormField } from '../form.ts';
import { logText } from '../jobs/log.ts';
import { chatText } from './chat-text.ts';
import { deployFields, planText } from './form.ts';
import { type DeployRow, deployRows } from './rows.ts';

/** Panes that lie beside or below the numbers; of each group one is shown where there is no room for all. */
export const DETAIL_PANES = ['live', 'machine', 'log', 'chat', 'bench'] as const;
export type DetailPane = (typeof DETAIL_PANES)[number];
export const SIDE_PANES = ['log', 'chat', 'bench'] as const satisfies readonly DetailPane[];
export type SidePane = (typeof SIDE_PANES)[number];

export interface DeployModel {
  readonly context: ScreenContext;
  readonly rows: ListModel<DeployRow>;
  readonly fields: ListModel<FormField>;
  readonly plan: StreamModel;
  readonly log: StreamModel;
  readonly chat: StreamModel;
  readonly search: () => string;
  readonly setSearch: (text: string) => void;
  /** The pane below the list where only one fits, and the one beside the numbers. */
  readonly detail: () => DetailPane;
  readonly side: () => SidePane;
}

const NO_ROWS: readonly DeployRow[] = [];

/** Lists and texts of the screen over its stores. */
export function createDeployModel(context: ScreenContext): DeployModel {
  const { deploy, jobs, models, ui } = context;
  let cache: { servers: unknown; endpoints: unknown; rows: readonly DeployRow[] } | undefined;
  const rowsNow = (): readonly DeployRow[] => {
    const { servers } = deploy.getState();
    const { endpoints } = models.getState();
    if (servers === null) return NO_ROWS;
    if (cache?.servers !== servers || cache.endpoints !== endpoints)
      cache = { servers, endpoints, rows: deployRows(servers, endpoints) };
    return cache.rows;
  };
  const plan = createStreamModel();
  const log = createStreamModel({ follow: true });
  const chat = createStreamModel({ follow: true });
  let search = '';
  let logged = '';
  let detail: DetailPane = 'live';
  let side: SidePane = 'log';

  const jobOf = (row: DeployRow | undefined) => (row && row.kind !== 'foreign' ? row.server.job : undefined);
  const drawLog = (): void => {
    const job = jobOf(rows.selected());
    const text = job ? logText(jobs.getState().logs.get(job.spec.id) ?? [], search) : '';
    const key = `${job?.spec.id ?? ''} ${search}`;
    if (key === logged && text.startsWith(log.text())) log.append(text.slice(log.text().length));
    else log.set(text);
    logged = key;
  };
  /** The log of the server under the cursor is wanted. */
  const followLog = (): void => {
    const job = jobOf(rows.selected());
    if (job && ui.getState().screen === 'deploy' && jobs.getState().selected !== job.spec.id) {
      jobs.getState().select(job.spec.id);
    }
    drawLog();
  };
  const rows = createListModel<DeployRow>({
    items: rowsNow,
    key: ({ key }) => key,
    text: (row) =>
      row.kind === 'foreign'
        ? `${row.endpoint.name} ${row.endpoint.model} ${row.endpoint.url}`
        : row.kind === 'adapter'
          ? row.adapter.name
          : `${row.server.work.model} ${row.server.work.engine} ${row.server.job.state}`,
    onSelect: followLog,
  });
  const fields = createListModel<FormField>({ items: () => deployFields(context), key: ({ id }) => id });

  jobs.subscribe((state, before) => {
    if (state.logVersion !== before.logVersion || state.selected !== before.selected) drawLog();
  });
  let drawn: SmokeChat | null = null;
  deploy.subscribe((state, before) => {
    if (state.servers !== before.servers) followLog();
    if (state.chatVersion !== before.chatVersion) {
      const text = state.chat ? chatText(state.chat) : '';
      chat.set(sanitize(text));
      drawn = state.chat;
    }
    if (
      state.plan !== before.plan ||
      state.problem !== before.problem ||
      state.planning !== before.planning ||
      state.form !== before.form
    )
      plan.set(planText(context));
  });
  ui.subscribe((state, before) => {
    const focus = state.focus['deploy'];
    if (focus !== before.focus['deploy']) {
      const pane = DETAIL_PANES.find((one) => one === focus);
      if (pane) detail = pane;
      const beside = SIDE_PANES.find((one) => one === focus);
      if (beside) side = beside;
    }
    if (state.language !== before.language) {
      plan.set(planText(context));
      if (drawn) chat.set(sanitize(chatText(drawn)));
    }
  });
  return {
    context,
    rows,
    fields,
    plan,
    log,
    chat,
    search: () => search,
    setSearch: (text) => {
      search = text;
      drawLog();
    },
    detail: () => detail,
    side: () => side,
  };
}
