import type { DatasetTask } from '../../datasets/task.ts';
import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { editRow } from './edit-row.ts';
import { askBase, askExport, askSplit, choosePart } from './flows.ts';
import type { Body, DatasetsModel } from './model.ts';
import { run } from './run.ts';

const idle = ({ context }: DatasetsModel): true | string =>
  context.datasets.getState().task?.state === 'running' ? t('datasets.why.busy') : true;
/** The first reason why not. */
const all = (model: DatasetsModel, ...asked: readonly ((model: DatasetsModel) => true | string)[]): true | string => {
  for (const ask of asked) {
    const answer = ask(model);
    if (answer !== true) return answer;
  }
  return true;
};
const chosen = (model: DatasetsModel): true | string => (model.list.selected() ? true : t('datasets.why.none'));
const chosenAndIdle = (model: DatasetsModel): true | string => all(model, chosen, idle);
const isQuestions = ({ list }: DatasetsModel): true | string =>
  list.selected()?.kind === 'qa' ? true : t('datasets.why.noQa');
const questions = (model: DatasetsModel): true | string => all(model, chosen, idle, isQuestions);
const checked = ({ context }: DatasetsModel): true | string =>
  context.datasets.getState().findings ? true : t('datasets.why.notChecked');
const rowOpen = ({ context }: DatasetsModel): true | string =>
  context.datasets.getState().open ? true : t('datasets.why.noRow');
const rowThere = ({ rows }: DatasetsModel): true | string => (rows.cursor() >= 0 ? true : t('datasets.why.noRow'));

function showBody(model: DatasetsModel, body: Body): void {
  model.show(body);
  model.context.ui.getState().setFocus(body, 'datasets');
}

/** To the nearest row with a finding, in the order of the file. */
function jump(model: DatasetsModel, direction: 1 | -1): void {
  const { findings, open } = model.context.datasets.getState();
  if (!findings) return;
  const rows = findings
    .places()
    .map((place) => findings.rowAt(place))
    .filter((row) => row >= 0);
  const from = open?.number ?? -1;
  const next = direction > 0 ? rows.find((row) => row > from) : rows.findLast((row) => row < from);
  if (next === undefined) model.context.ui.getState().toast(t('datasets.noMoreFindings'));
  else model.goTo(next);
}

/** The rows of one context by the filter that everybody can type, the cursor still on the same row. */
async function showNeighbours(model: DatasetsModel): Promise<void> {
  const { open, rows, view } = model.context.datasets.getState();
  if (!open || !('contextId' in open.row)) return;
  const filter = `contextId:"${open.row.contextId}"`;
  showBody(model, 'rows');
  await view({ filter: rows?.filter === filter ? '' : filter });
  model.goTo(open.number);
}

/** Actions of the whole screen; `openPath` asks for the file to import. */
export function datasetsActions(openPath: () => void): readonly Action<DatasetsModel>[] {
  return [
    {
      id: 'datasets.import',
      title: 'Import',
      help: 'Reads a file of questions or conversations into a dataset; bad rows are named and left out.',
      keys: ['i'],
      rank: 1,
      command: 'ragtui dataset import FILE --format FORMAT',
      when: idle,
      run: openPath,
    },
    {
      id: 'datasets.cancel',
      title: 'Cancel',
      help: 'Stops what is under way; nothing half-written stays.',
      keys: ['x'],
      rank: 2,
      when: ({ context }) => (context.datasets.getState().task?.state === 'running' ? true : t('datasets.why.notBusy')),
      run: ({ context }) => context.datasets.getState().cancel(),
    },
    {
      id: 'datasets.check',
      title: 'Check',
      help: 'Looks for defects and leaks in every row, and says what an engine will keep.',
      keys: ['c'],
      rank: 3,
      command: 'ragtui dataset check NAME',
      when: chosenAndIdle,
      run: (model) => {
        const manifest = model.list.selected();
        if (!manifest) return;
        showBody(model, 'findings');
        run(model.context, { op: 'check', dataset: manifest.name });
      },
    },
    {
      id: 'datasets.findings',
      title: 'Findings',
      help: 'Shows what the last check found, by rule; or the rows again.',
      keys: ['f'],
      rank: 6,
      command: 'ragtui dataset check NAME',
      when: chosen,
      run: (model) => showBody(model, model.body() === 'findings' ? 'rows' : 'findings'),
    },
    {
      id: 'datasets.versions',
      title: 'Versions',
      help: 'Shows all versions of the dataset with what made them; or the rows again.',
      keys: ['v'],
      rank: 9,
      command: 'ragtui dataset show NAME',
      when: chosen,
      run: (model) => showBody(model, model.body() === 'versions' ? 'rows' : 'versions'),
    },
    {
      id: 'datasets.undo',
      title: 'Undo',
      help: 'Goes back to the version that the current one was made from; nothing is deleted.',
      keys: ['u'],
      command: 'ragtui dataset undo NAME',
      when: (model) => {
        const found = chosenAndIdle(model);
        if (found !== true) return found;
        return model.list.selected()?.lineage.steps.at(-1)?.parameters['from'] === undefined
          ? t('datasets.why.noUndo')
          : true;
      },
      run: async ({ context }) => {
        const manifest = await context.datasets.getState().undo();
        if (manifest) context.ui.getState().toast(t('datasets.undone', { version: manifest.version }), 'good');
      },
    },
    {
      id: 'datasets.nextFinding',
      title: 'Next finding',
      help: 'Goes to the next row in which something was found.',
      keys: [']'],
      when: checked,
      run: (model) => jump(model, 1),
    },
    {
      id: 'datasets.previousFinding',
      title: 'Previous finding',
      help: 'Goes to the row before in which something was found.',
      keys: ['['],
      when: checked,
      run: (model) => jump(model, -1),
    },
    {
      id: 'datasets.split',
      title: 'Split',
      help: 'Cuts the dataset into train and test, no context in both, and counts what leaks.',
      keys: ['s'],
      rank: 4,
      command: 'ragtui dataset split NAME --by context',
      when: chosenAndIdle,
      run: ({ context, list }) => {
        const manifest = list.selected();
        if (manifest) askSplit(context, manifest);
      },
    },
    {
      id: 'datasets.part',
      title: 'Part',
      help: 'Shows the rows of one part of a split, or all.',
      keys: ['t'],
      rank: 7,
      command: 'ragtui dataset show NAME --row N --split PART',
      when: chosen,
      run: ({ context, list }) => {
        const manifest = list.selected();
        if (manifest) choosePart(context, manifest, (part) => context.datasets.getState().select(manifest.name, part));
      },
    },
    {
      id: 'datasets.prompt',
      title: 'Prompt',
      help: 'Shows the row as the model sees it in training, or its fields again.',
      keys: ['p'],
      rank: 8,
      command: 'ragtui dataset render NAME --row N',
      when: rowOpen,
      run: ({ toggleRendered }) => toggleRendered(),
    },
    {
      id: 'datasets.editRow',
      title: 'Edit row',
      help: 'Opens the row in $EDITOR as JSON; what you make of it is a new version; u goes back.',
      keys: ['E'],
      rank: 14,
      when: (model) => all(model, chosen, idle, rowOpen),
      run: (model) => editRow(model),
    },
    {
      id: 'datasets.promptModel',
      title: 'Prompt of',
      help: "Chooses whose chat template writes the row as a prompt, with that model's tokens.",
      keys: ['M'],
      command: 'ragtui dataset render NAME --row N --model ID',
      when: rowOpen,
      run: ({ choosePromptModel }) => choosePromptModel(),
    },
    {
      id: 'datasets.neighbours',
      title: 'Neighbours',
      help: 'Shows all questions about the context of this row; again: all rows.',
      keys: ['S'],
      when: ({ context }) => {
        const { open } = context.datasets.getState();
        return open && 'contextId' in open.row ? true : t('datasets.why.noQa');
      },
      run: (model) => void showNeighbours(model),
    },
    {
      id: 'datasets.export',
      title: 'Export',
      help: 'Writes files for an engine or a table; says where they are and what comes next.',
      keys: ['e'],
      rank: 5,
      command: 'ragtui dataset export NAME --to ENGINE --out DIR',
      when: chosenAndIdle,
      run: (model) => {
        const manifest = model.list.selected();
        if (manifest) askExport(model, manifest);
      },
    },
    {
      id: 'datasets.base',
      title: 'Knowledge base',
      help: 'Makes a knowledge base of the contexts of a part, to measure retrieval on.',
      keys: ['b'],
      rank: 10,
      command: 'ragtui kb create NAME --from-dataset DATASET --split PART',
      when: questions,
      run: ({ context, list }) => {
        const manifest = list.selected();
        if (manifest) askBase(context, manifest);
      },
    },
    {
      id: 'datasets.delete',
      title: 'Delete',
      help: 'Deletes the dataset with all its versions. The file it was made from is not touched.',
      keys: ['d', 'delete'],
      rank: 11,
      command: 'ragtui dataset delete NAME',
      when: chosenAndIdle,
      confirm: ({ list }) => {
        const manifest = list.selected();
        return manifest ? t('datasets.confirmDelete', { name: manifest.name, rows: manifest.rows }) : undefined;
      },
      run: async ({ context, list }) => {
        const name = list.selected()?.name;
        if (!name) return;
        await context.datasets.getState().remove(name);
        context.ui.getState().toast(t('datasets.deleted', { name }));
      },
    },
  ];
}

export const listActions: readonly Action<DatasetsModel>[] = [
  {
    id: 'datasets.rows',
    title: 'Rows',
    help: 'Goes to the rows of this dataset.',
    keys: ['enter'],
    when: chosen,
    run: (model) => showBody(model, 'rows'),
  },
];

export const findingsActions: readonly Action<DatasetsModel>[] = [
  {
    id: 'datasets.fix',
    title: 'Fix',
    help: 'Makes the fix under the cursor, all of its rule, or every safe one, as a new version; u goes back.',
    keys: ['F'],
    rank: 1,
    command: 'ragtui dataset fix NAME --rule RULE',
    when: (model) => all(model, idle, () => (fixOf(model) ? true : t('datasets.why.noFix'))),
    run: (model) => {
      const task = fixOf(model);
      if (task) run(model.context, task);
    },
  },
  {
    id: 'datasets.openFinding',
    title: 'Open',
    help: 'Opens a rule, or the row of a finding.',
    keys: ['enter'],
    rank: 2,
    when: ({ findings }) => (findings.selected() ? true : t('datasets.why.noFinding')),
    run: (model) => {
      const item = model.findings.selected();
      if (item?.kind === 'rule') model.openRule(item.rule.id);
      if (item?.kind === 'all') model.findings.move(1);
      if (item?.kind === 'finding') model.context.ui.getState().setFocus('row', 'datasets');
    },
  },
];

/** What `F` would do now. */
function fixOf({ context, findings }: DatasetsModel): Extract<DatasetTask, { op: 'fix' }> | undefined {
  const { findings: reader } = context.datasets.getState();
  const item = findings.selected();
  if (!reader || !item) return undefined;
  const { dataset } = reader.summary;
  if (item.kind === 'all') return { op: 'fix', dataset };
  if (item.kind === 'rule') return item.rule.fixable > 0 ? { op: 'fix', dataset, rules: [item.rule.id] } : undefined;
  const [found] = reader.read([item.place]);
  return found?.finding.fix ? { op: 'fix', dataset, places: [item.place] } : undefined;
}

export const versionsActions: readonly Action<DatasetsModel>[] = [
  {
    id: 'datasets.makeCurrent',
    title: 'Make current',
    help: 'Makes this version the current one; no version is deleted.',
    keys: ['enter'],
    rank: 1,
    when: (model) => {
      const found = idle(model);
      if (found !== true) return found;
      const version = model.versions.selected();
      if (!version) return t('datasets.why.none');
      return version.current ? t('datasets.why.current') : true;
    },
    run: async ({ context, versions }) => {
      const version = versions.selected();
      if (!version) return;
      await context.datasets.getState().makeCurrent(version.version);
      context.ui.getState().toast(t('datasets.nowCurrent', { version: version.version }), 'good');
    },
  },
  {
    id: 'datasets.compareVersions',
    title: 'Differences',
    help: 'Shows what differs between the marked version and the one under the cursor; none marked: the current one.',
    keys: ['#'],
    rank: 2,
    command: 'ragtui dataset diff NAME V1 V2',
    when: (model) => all(model, idle, () => (versionPair(model) ? true : t('datasets.why.oneVersion'))),
    run: (model) => {
      const pair = versionPair(model);
      if (pair) void model.diff.compare(pair.name, pair.before, pair.after);
    },
  },
];

/** The older of two versions first: two that are marked, else one of them and the one under the cursor, else the current. */
function versionPair({ versions }: DatasetsModel): { name: string; before: string; after: string } | undefined {
  const here = versions.selected();
  if (!here) return undefined;
  const marked = versions.chosen();
  const all = versions.rows().map(({ item }) => item);
  const wanted = new Set(
    marked.length === 2 ? marked : [here, marked.find((one) => one !== here) ?? all.find(({ current }) => current)],
  );
  const [after, before, more] = all.filter((one) => wanted.has(one));
  return before && after && !more ? { name: here.name, before: before.version, after: after.version } : undefined;
}

const SORTS = ['number', 'question', 'answer', 'length'] as const;

export const rowsActions: readonly Action<DatasetsModel>[] = [
  {
    id: 'datasets.row',
    title: 'Row',
    help: 'Goes to the row under the cursor.',
    keys: ['enter'],
    when: rowThere,
    run: async ({ context, rows }) => {
      const { numberAt, openRow } = context.datasets.getState();
      await openRow(numberAt(rows.cursor()));
      context.ui.getState().setFocus('row', 'datasets');
    },
  },
  {
    id: 'datasets.sort',
    title: 'Sort',
    help: 'Sorts the rows by a column; the same one again turns the order round.',
    keys: ['O'],
    rank: 12,
    when: rowThere,
    run: ({ context }) => {
      const { rows } = context.datasets.getState();
      context.ui.getState().choose({
        title: t('datasets.sortBy'),
        choices: SORTS.map((id) => ({ id, title: t(`datasets.sort.${id}`) })),
        selected: rows?.sort?.column ?? 'number',
        pick: (column) =>
          context.datasets.getState().view({
            sort: { column, descending: rows?.sort?.column === column ? !rows.sort.descending : false },
          }),
      });
    },
  },
  {
    id: 'datasets.columns',
    title: 'Columns',
    help: 'Shows or hides a column of the rows.',
    keys: ['C'],
    rank: 13,
    run: (model) =>
      model.context.ui.getState().choose({
        title: t('datasets.columns'),
        choices: (['number', 'question', 'answer'] as const).map((id) => ({
          id,
          title: `${model.hidden().has(id) ? '○' : '●'} ${t(`datasets.sort.${id}`)}`,
        })),
        pick: (column) => model.toggleColumn(column),
      }),
  },
  {
    id: 'datasets.markAll',
    title: 'Mark all',
    help: 'Marks every row that the filter shows; again: none.',
    keys: ['a'],
    when: rowThere,
    run: ({ rows }) => (rows.marked().length > 0 ? rows.clearMarks() : rows.markAll()),
  },
  {
    id: 'datasets.dropRows',
    title: 'Delete rows',
    help: 'Leaves the marked rows out, else the one under the cursor, as a new version; u goes back.',
    keys: ['D'],
    rank: 11,
    when: (model) => all(model, idle, rowThere),
    confirm: (model) => t('datasets.confirmRows', { count: chosenRows(model).length }),
    run: (model) => {
      const { rows } = model.context.datasets.getState();
      if (!rows) return;
      const drop = chosenRows(model);
      model.rows.clearMarks();
      run(model.context, { op: 'edit', dataset: rows.dataset, version: rows.version, drop, set: [] });
    },
  },
];

/** The marked rows, else the one under the cursor. */
function chosenRows({ context, rows }: DatasetsModel): number[] {
  const marked = [...rows.marked()];
  return marked.length > 0 ? marked : [context.datasets.getState().numberAt(rows.cursor())];
}
