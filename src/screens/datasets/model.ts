import type { RowSummary } from '../../../stores/datasets.ts';
import { renderRow } from '../../datasets/render.ts';
import type { DatasetManifest } from '../../datasets/types.ts';
import { errorLine } from '../../platform/errors.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { t } from '../../ui/i18n/index.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { createPagedModel, type PagedModel } from '../../ui/paged-model.ts';
import { createStreamModel, type HighlightRange, type StreamModel } from '../../ui/stream-model.ts';
import type { ScreenContext } from '../context.ts';
import type { FormField } from '../form.ts';
import { createDiffModel, type DiffModel } from './diff.tsx';
import { type FindingItem, findingItems } from './findings.ts';
import { importFields } from './import-form.ts';
import { createPromptModel } from './prompt.ts';
import { messagesText, rowText } from './row-text.ts';

/** What stands in the middle of the screen. */
export type Body = 'rows' | 'findings' | 'versions';

export interface DatasetsModel {
  readonly context: ScreenContext;
  readonly list: ListModel<DatasetManifest>;
  readonly rows: PagedModel<RowSummary>;
  readonly findings: ListModel<FindingItem>;
  readonly versions: ListModel<DatasetManifest>;
  readonly diff: DiffModel;
  /** Of the file that is about to be imported. */
  readonly fields: ListModel<FormField>;
  readonly text: StreamModel;
  /** What an export wrote and what comes next. */
  readonly report: StreamModel;
  readonly lit: () => readonly HighlightRange[];
  readonly body: () => Body;
  readonly show: (body: Body) => void;
  /** The rule whose findings are listed; null: the rules. */
  readonly rule: () => string | null;
  readonly openRule: (rule: string | null) => void;
  /** Opens a row in the inspector, and puts the cursor on it where it is listed. */
  readonly goTo: (row: number) => void;
  /** The row as it is trained on is shown instead of its fields. */
  readonly rendered: () => boolean;
  readonly toggleRendered: () => void;
  /** Asks whose chat template the row is shown through, then shows it. */
  readonly choosePromptModel: () => void;
  /** Columns of the rows that are hidden. */
  readonly hidden: () => ReadonlySet<string>;
  readonly toggleColumn: (column: string) => void;
}

const NONE: readonly DatasetManifest[] = [];

/** Lists and texts of the screen over its store. */
export function createDatasetsModel(context: ScreenContext): DatasetsModel {
  const { datasets } = context;
  const text = createStreamModel();
  const report = createStreamModel();
  const prompts = createPromptModel(context);
  let lit: readonly HighlightRange[] = [];
  let rendered = false;
  let body: Body = 'rows';
  let rule: string | null = null;
  let hidden: ReadonlySet<string> = new Set();
  let items: { of: unknown; rule: string | null; list: readonly FindingItem[] } | undefined;
  let versionsOf: { of: unknown; list: readonly DatasetManifest[] } | undefined;
  let drawn: Parameters<typeof renderRow> | undefined;
  // What lies outside every store: the screen is told by one that changes.
  const changed = (): void => datasets.setState({});

  const list = createListModel<DatasetManifest>({
    items: () => datasets.getState().list ?? NONE,
    key: ({ name }) => name,
    text: ({ name, kind }) => `${name} ${kind}`,
    onSelect: (manifest) => {
      if (manifest && manifest.name !== datasets.getState().selected) datasets.getState().select(manifest.name);
    },
  });
  const rows = createPagedModel<RowSummary>({
    count: () => datasets.getState().count(),
    slice: (from, to) => datasets.getState().window(from, to),
    number: (place) => datasets.getState().numberAt(place),
    key: ({ number }) => String(number),
    onSelect: (place) => void datasets.getState().openRow(datasets.getState().numberAt(place)),
    filter: {
      get: () => datasets.getState().rows?.filter ?? '',
      set: (filter) => void datasets.getState().view({ filter }),
    },
  });
  const findings = createListModel<FindingItem>({
    items: () => {
      const of = datasets.getState().findings;
      if (items?.of !== of || items.rule !== rule) items = { of, rule, list: findingItems(of, rule) };
      return items.list;
    },
    key: (item) => (item.kind === 'finding' ? String(item.place) : item.kind === 'rule' ? item.rule.id : ''),
    onSelect: (item) => {
      if (item?.kind === 'finding') openFinding(item.place);
    },
  });
  const versions = createListModel<DatasetManifest>({
    items: () => {
      const { list: of, selected } = datasets.getState();
      if (versionsOf?.of !== of || body !== 'versions') {
        versionsOf = { of, list: selected && body === 'versions' ? datasets.getState().versions(selected) : NONE };
      }
      return versionsOf.list;
    },
    key: ({ version }) => version,
  });
  const fields = createListModel<FormField>({
    items: () => importFields(context),
    key: ({ id }) => id,
  });

  function openFinding(place: number): void {
    const row = datasets.getState().findings?.rowAt(place) ?? -1;
    if (row >= 0) void datasets.getState().openRow(row);
  }

  const draw = (): void => {
    const { open, rows: shownRows } = datasets.getState();
    prompts.stop();
    drawn = open ? [open.row, open.number] : undefined;
    if (!open) {
      lit = [];
      text.set('');
      return;
    }
    if (rendered) {
      lit = [];
      text.set(renderedText(open.row, open.number));
      if (!shownRows) return;
      prompts.show(shownRows.dataset, open.number, (prompt) => {
        lit = prompt.lit;
        text.set(prompt.text);
        changed();
      });
      return;
    }
    const notes = findingNotes(context, open.number);
    const shown = rowText(open.row);
    lit = shown.lit.map(({ start, end }) => ({ start: start + notes.length, end: end + notes.length }));
    text.set(notes + shown.text);
  };
  datasets.subscribe((state, before) => {
    if (state.open !== before.open || state.findings !== before.findings) draw();
    // A new dataset is chosen before it is listed: the cursor must follow then, since the actions are about its row.
    const relisted = state.selected !== before.selected || state.list !== before.list;
    if (state.selected && relisted && list.selected()?.name !== state.selected) {
      if (state.list?.some(({ name }) => name === state.selected)) list.select(state.selected);
    }
    const moved = (['dataset', 'version', 'part', 'order'] as const).some(
      (key) => state.rows?.[key] !== before.rows?.[key],
    );
    if (moved) rows.store.setState({ cursor: 0, top: 0, filter: state.rows?.filter ?? '' });
    if (state.rows?.dataset !== before.rows?.dataset || state.rows?.version !== before.rows?.version) {
      rows.clearMarks();
      rule = null;
      findings.edge('first');
    }
  });
  return {
    context,
    list,
    rows,
    findings,
    versions,
    diff: createDiffModel(context),
    fields,
    text,
    report,
    lit: () => (drawn ? lit : []),
    body: () => body,
    show: (next) => {
      body = next;
      changed();
    },
    rule: () => rule,
    openRule: (next) => {
      const from = rule;
      rule = next;
      if (next === null && from !== null) findings.select(from);
      else findings.edge('first');
      const first = findings.selected();
      if (first?.kind === 'finding') openFinding(first.place);
      changed();
    },
    goTo: (row) => {
      const place = datasets.getState().placeOf(row);
      if (place >= 0) rows.moveTo(place);
      void datasets.getState().openRow(row);
    },
    rendered: () => rendered,
    toggleRendered: () => {
      rendered = !rendered;
      draw();
      changed();
    },
    choosePromptModel: () =>
      prompts.choose(() => {
        rendered = true;
        draw();
        changed();
      }),
    hidden: () => hidden,
    toggleColumn: (column) => {
      const next = new Set(hidden);
      if (!next.delete(column)) next.add(column);
      hidden = next;
      changed();
    },
  };
}

/** What was found in a row, as the first lines of the inspector. */
function findingNotes({ datasets }: ScreenContext, row: number): string {
  const { findings } = datasets.getState();
  if (!findings) return '';
  const lines = findings
    .read(findings.places({ rows: [row] }).slice(0, 20))
    .map(({ finding }) => `! ${finding.rule}: ${sanitizeLine(finding.message)}`);
  return lines.length === 0 ? '' : `${t('datasets.found')}\n${lines.join('\n')}\n\n`;
}

function renderedText(row: Parameters<typeof renderRow>[0], number: number): string {
  try {
    return messagesText(renderRow(row, number));
  } catch (error) {
    return errorLine(error);
  }
}
