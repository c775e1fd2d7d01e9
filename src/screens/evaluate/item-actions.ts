import type { QuestionRow } from '../../evaluation/figures.ts';
import type { ItemScope } from '../../evaluation/items/fields.ts';
import { type ItemChange, nextChange } from '../../evaluation/items/list.ts';
import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import type { EvaluateModel } from './model.ts';

const hasItem = ({ questions }: EvaluateModel): true | string =>
  questions.selected() ? true : t('evaluate.why.noQuestion');

/** What a key is about: the marked items, else the one under the cursor. */
const chosen = ({ questions }: EvaluateModel): readonly QuestionRow[] => questions.chosen();

const scope = ({ context }: EvaluateModel): ItemScope | null => context.evaluationItems.getState().scope;

function goTo(model: EvaluateModel, wanted: ItemChange): void {
  const names = scope(model);
  const rows = model.context.evaluationItems.getState().rows;
  const selected = model.questions.selected();
  const from = selected ? rows.indexOf(selected) : -1;
  const at = names ? nextChange(rows, from, wanted, names) : undefined;
  const found = at === undefined ? undefined : rows[at];
  if (found) model.questions.select(found.item);
  else model.context.ui.getState().toast(t(`evaluate.no.${wanted}`), 'info');
}

const compared = (model: EvaluateModel): true | string => {
  const names = scope(model);
  if (!names) return t('evaluate.why.noFigures');
  return names.column === names.base ? t('evaluate.why.oneColumn') : true;
};

/** Keys of the table of items; those of one item hold in its view too. */
export const itemsActions: readonly Action<EvaluateModel>[] = [
  {
    id: 'evaluate.question',
    title: 'Open',
    help: 'Shows this question with its gold answers, what every column said, and its scores.',
    keys: ['enter'],
    rank: 7,
    command: 'ragtui eval items RUN --filter item=ID',
    when: hasItem,
    run: ({ openQuestion }) => openQuestion(),
  },
  {
    id: 'evaluate.sort',
    title: 'Sort',
    help: 'Sorts the questions: worst regression first, by a score, by a difference in any metric, by length.',
    keys: ['t'],
    rank: 8,
    command: 'ragtui eval items RUN --sort diff',
    when: (model) => (scope(model) ? true : t('evaluate.why.noFigures')),
    run: (model) => chooseSort(model),
  },
  {
    id: 'evaluate.regression',
    title: 'Next worse',
    help: 'Goes to the next question on which the column did worse than its base.',
    keys: ['w'],
    rank: 9,
    command: 'ragtui eval items RUN --filter "diff<0"',
    when: compared,
    run: (model) => goTo(model, 'regression'),
  },
  {
    id: 'evaluate.improvement',
    title: 'Next better',
    help: 'Goes to the next question on which the column did better than its base.',
    keys: ['b'],
    rank: 10,
    command: 'ragtui eval items RUN --filter "diff>0"',
    when: compared,
    run: (model) => goTo(model, 'improvement'),
  },
  {
    id: 'evaluate.compared',
    title: 'Compared',
    help: 'Chooses which two columns the differences are between.',
    keys: ['c'],
    rank: 11,
    command: 'ragtui eval items RUN --column NAME --base NAME',
    when: compared,
    run: (model) => chooseColumns(model),
  },
  {
    id: 'evaluate.flag',
    title: 'Flag',
    help: 'Flags the marked questions, else this one, or takes the flag off; filter by flag=yes.',
    keys: ['f'],
    rank: 12,
    command: 'ragtui eval note RUN ITEM --flag',
    when: hasItem,
    run: (model) => flag(model, chosen(model)),
  },
  {
    id: 'evaluate.comment',
    title: 'Comment',
    help: 'Keeps a comment on the marked questions, else on this one, in the folder of the run.',
    keys: ['m'],
    rank: 13,
    command: 'ragtui eval note RUN ITEM --comment TEXT',
    when: hasItem,
    run: (model) => comment(model, chosen(model)),
  },
  {
    id: 'evaluate.send',
    title: 'Send',
    help: 'Puts the marked questions, else this one, into a dataset, as new rows of a new version.',
    keys: ['a'],
    rank: 14,
    command: 'ragtui eval send RUN ITEM --dataset NAME',
    when: hasItem,
    run: (model) => sendTo(model, chosen(model)),
  },
];

const NEW_DATASET = '\n';

/** Asks for the dataset, an old or a new one, and puts the questions there. */
export function sendTo(model: EvaluateModel, rows: readonly QuestionRow[]): void {
  const { datasets, evaluationItems, ui } = model.context;
  const items = rows.map(({ item }) => item);
  const send = async (dataset: string): Promise<void> => {
    const { added, known, version } = await evaluationItems.getState().send(items, dataset);
    ui.getState().toast(t('evaluate.sent', { added, known, dataset, version }), added > 0 ? 'good' : 'info');
    await datasets.getState().refresh();
  };
  const questionSets = (datasets.getState().list ?? []).filter(({ kind }) => kind === 'qa');
  ui.getState().choose({
    title: t('evaluate.sendTo', { count: items.length }),
    choices: [
      ...questionSets.map(({ name, rows: count }) => ({
        id: name,
        title: name,
        note: t('datasets.rowCount', { count }),
      })),
      { id: NEW_DATASET, title: t('evaluate.newDataset'), note: t('evaluate.sendLeak') },
    ],
    pick: (name) => {
      if (name !== NEW_DATASET) return send(name);
      ui.getState().prompt({
        title: t('evaluate.newDataset'),
        text: t('evaluate.sendLeak'),
        submit: (text) => (text.trim() === '' ? undefined : send(text.trim())),
      });
      return undefined;
    },
  });
}

/** All of them flagged: the flags go; else they come. */
export function flag(model: EvaluateModel, rows: readonly QuestionRow[]): void {
  const notes = scope(model)?.notes ?? {};
  const on = !rows.every(({ item }) => notes[item]?.flag);
  const items = rows.map(({ item }) => item);
  model.context.evaluationItems.getState().note(items, { flag: on });
}

export function comment(model: EvaluateModel, rows: readonly QuestionRow[]): void {
  const [first] = rows;
  if (!first) return;
  const items = rows.map(({ item }) => item);
  model.context.ui.getState().prompt({
    title: t('evaluate.comment'),
    text: rows.length > 1 ? t('evaluate.commentMany', { count: rows.length }) : first.question.slice(0, 200),
    initial: scope(model)?.notes[first.item]?.comment ?? '',
    submit: (text) => model.context.evaluationItems.getState().note(items, { comment: text.trim() }),
  });
}

function chooseSort(model: EvaluateModel): void {
  const { evaluationItems, ui } = model.context;
  const names = scope(model);
  if (!names) return;
  const { column, base, metrics, primary } = names;
  const difference = (metric: string): string => (metric === primary ? 'diff' : `diff.${metric}`);
  const two = column === base ? [] : metrics;
  ui.getState().choose({
    title: t('evaluate.sortBy'),
    choices: [
      { id: '', title: t('evaluate.sort.run') },
      ...two.flatMap((metric) => [
        { id: difference(metric), title: `Δ ${metric} ↑`, note: `${column} − ${base}` },
        { id: `-${difference(metric)}`, title: `Δ ${metric} ↓`, note: `${column} − ${base}` },
      ]),
      ...metrics.map((metric) => ({ id: metric, title: `${metric} ↑`, note: column })),
      { id: '-length', title: t('evaluate.sort.length'), note: column },
      { id: '-ms', title: t('evaluate.sort.slow'), note: column },
      { id: 'blame', title: t('evaluate.sort.blame'), note: column },
    ],
    selected: evaluationItems.getState().sort,
    pick: (sort) => evaluationItems.getState().setSort(sort),
  });
}

function chooseColumns(model: EvaluateModel): void {
  const { evaluationItems, ui } = model.context;
  const names = scope(model);
  if (!names) return;
  const pairs = names.columns.flatMap((base) =>
    names.columns.filter((column) => column !== base).map((column) => ({ column, base })),
  );
  ui.getState().choose({
    title: t('evaluate.compareColumns'),
    choices: pairs.map(({ column, base }, at) => ({ id: String(at), title: `${column} − ${base}` })),
    selected: String(pairs.findIndex(({ column, base }) => column === names.column && base === names.base)),
    pick: (at) => {
      const pair = pairs[Number(at)];
      if (pair) evaluationItems.getState().compare(pair);
    },
  });
}
