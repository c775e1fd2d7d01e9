import { rowsOf } from '../../../stores/datasets.ts';
import type { Action } from '../../keys/types.ts';
import { t } from '../../ui/i18n/index.ts';
import { choosePart } from '../dataset-part.ts';
import { underWay } from './conditions.ts';
import type { CompareModel } from './model.ts';

/** The row to take next, among those that the filter leaves; undefined at the end. */
function neighbour({ context, rows }: CompareModel, step: 1 | -1): number | undefined {
  const { rows: listed } = context.compare.getState();
  if (!listed) return undefined;
  const shown = rows.rows().map(({ item }) => listed.list.indexOf(item));
  if (listed.at < 0) return shown[step > 0 ? 0 : -1];
  if (step > 0) return shown.find((at) => at > listed.at);
  return shown.findLast((at) => at < listed.at);
}

const canStep =
  (step: 1 | -1) =>
  (model: CompareModel): true | string => {
    if (underWay(model)) return t('compare.why.underWay');
    if (!model.context.compare.getState().rows) return t('compare.why.noRows');
    return neighbour(model, step) === undefined ? t(step > 0 ? 'compare.why.lastRow' : 'compare.why.firstRow') : true;
  };
const stepBy = (step: 1 | -1) => async (model: CompareModel) => {
  const at = neighbour(model, step);
  if (at !== undefined) await model.take(at);
};

async function chooseRows(model: CompareModel): Promise<void> {
  const { context } = model;
  await context.datasets.getState().refresh();
  const list = context.datasets.getState().list ?? [];
  const { compare, ui } = context;
  ui.getState().choose({
    title: t('compare.rowsOf'),
    choices: list.map(({ name, kind, rows }) => ({
      id: name,
      title: name,
      note: `${kind} · ${t('datasets.rowCount', { count: rows })}`,
    })),
    selected: compare.getState().rows?.dataset ?? '',
    pick: (name) => {
      const manifest = list.find((each) => each.name === name);
      choosePart(context, {
        title: t('compare.rowsPart'),
        manifest,
        selected: compare.getState().rows?.part ?? 'all',
        missing: t('compare.why.noRows'),
        pick: (part) => {
          if (!manifest) return;
          compare.getState().look({ lower: 'rows' });
          ui.getState().setFocus('rows', 'compare');
          const { version } = manifest;
          void compare.getState().openRows({ dataset: name, version, part, total: rowsOf(manifest, part) });
        },
      });
    },
  });
}

/** Where questions come from, and what is known of them. */
export const questionActions: readonly Action<CompareModel>[] = [
  {
    id: 'compare.dataset',
    title: 'Dataset',
    help: 'Takes questions from a dataset, with their right answers and passages: every answer is then scored.',
    keys: ['D'],
    rank: 7,
    when: (model) => (underWay(model) ? t('compare.why.underWay') : true),
    run: chooseRows,
  },
  {
    id: 'compare.nextQuestion',
    title: 'Next',
    help: 'Takes the next question of the dataset into the field; Enter asks it.',
    keys: [']', 'alt+n'],
    rank: 8,
    inText: true,
    when: canStep(1),
    run: stepBy(1),
  },
  {
    id: 'compare.previousQuestion',
    title: 'Question before',
    help: 'Takes the question before it into the field; Enter asks it.',
    keys: ['[', 'alt+p'],
    inText: true,
    when: canStep(-1),
    run: stepBy(-1),
  },
  {
    id: 'compare.reference',
    title: 'Right answer',
    help: 'Gives the answer known to be right for the question in the field: every answer is then scored. Empty: none is known.',
    keys: ['r', 'ctrl+t'],
    inText: true,
    when: (model) => (underWay(model) ? t('compare.why.underWay') : true),
    run: ({ context }) => {
      const { references, setReference } = context.compare.getState();
      context.ui.getState().prompt({
        title: t('compare.reference'),
        text: t('compare.referenceText'),
        initial: references[0] ?? '',
        submit: (text) => setReference(text),
      });
    },
  },
];
