import type { DatasetTask, DatasetTaskResult } from '../../datasets/task.ts';
import { t } from '../../ui/i18n/index.ts';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { createStreamModel, type StreamModel } from '../../ui/stream-model.ts';
import type { ScreenContext } from '../context.ts';
import { drawable } from '../drawable.ts';
import { runWhenFree } from './when-free.ts';

export const REVIEW_MODAL = 'datasets.review';
export const QUARANTINE_MODAL = 'datasets.quarantine';

type Review = Extract<DatasetTaskResult, { op: 'review' }>;
type Quarantine = Extract<DatasetTaskResult, { op: 'quarantine' }>;
export type ReviewItem = Review['items'][number];
export type ReviewLabel = NonNullable<ReviewItem['label']>;
export type SetApart = Quarantine['entries'][number];

/** So many negatives are drawn; the same seed draws the same ones again. */
const SAMPLE = { size: 50, seed: 1314 } as const;
const MOST_SET_APART = 1000;

/** A sample of negatives that a person judges one after the other, and what an audit has set apart. */
export interface ReviewModel {
  readonly context: ScreenContext;
  readonly text: StreamModel;
  readonly setApart: ListModel<SetApart>;
  readonly dataset: () => string;
  /** Null while it is drawn. */
  readonly review: () => Review | null;
  readonly quarantine: () => Quarantine | null;
  readonly problem: () => string | null;
  readonly place: () => number;
  readonly item: () => ReviewItem | undefined;
  /** Labels that are not kept yet. */
  readonly waiting: () => number;
  readonly begin: (dataset: string) => void;
  readonly openQuarantine: (dataset: string) => void;
  readonly move: (by: 1 | -1) => void;
  readonly label: (label: ReviewLabel) => void;
  readonly dropFalse: () => Promise<void>;
  readonly end: () => void;
}

export function createReviewModel(context: ScreenContext): ReviewModel {
  const { datasets, ui } = context;
  const text = createStreamModel();
  let dataset = '';
  let review: Review | null = null;
  let quarantine: Quarantine | null = null;
  let problem: string | null = null;
  let place = 0;
  let waiting = 0;
  let turn = 0;
  let kept: Promise<void> = Promise.resolve();
  const setApart = createListModel<SetApart>({
    items: () => quarantine?.entries ?? NONE,
    key: ({ row, text: passage }) => `${row} ${passage}`,
  });
  // What lies outside every store: the screen is told by one that changes.
  const changed = (): void => datasets.setState({});
  const show = (next: number): void => {
    place = next;
    const item = review?.items[place];
    text.set(item ? itemText(item) : '');
    text.edge('first');
    changed();
  };

  /** Runs a task for what is shown; null when it failed, which is told, or when something else is shown by now. */
  const ask = async (task: DatasetTask): Promise<DatasetTaskResult | null> => {
    const mine = turn;
    const { result, error } = await runWhenFree(context, task);
    if (error) {
      const said = `${error.message} ${error.hint}`.trim();
      ui.getState().toast(said, 'bad');
      if (mine === turn) problem = said;
    }
    changed();
    return mine === turn ? result : null;
  };
  const reset = (name: string): void => {
    turn++;
    dataset = name;
    review = null;
    quarantine = null;
    problem = null;
    text.set('');
  };

  return {
    context,
    text,
    setApart,
    dataset: () => dataset,
    review: () => review,
    quarantine: () => quarantine,
    problem: () => problem,
    place: () => place,
    item: () => review?.items[place],
    waiting: () => waiting,
    begin: (name) => {
      reset(name);
      ui.getState().open({ kind: 'modal', id: REVIEW_MODAL });
      void ask({ op: 'review', dataset: name, ...SAMPLE, label: null }).then((result) => {
        if (result?.op !== 'review') return;
        review = result;
        const first = result.items.findIndex(({ label }) => label === null);
        show(Math.max(0, first));
      });
    },
    openQuarantine: (name) => {
      reset(name);
      ui.getState().open({ kind: 'modal', id: QUARANTINE_MODAL });
      void ask({ op: 'quarantine', dataset: name, offset: 0, limit: MOST_SET_APART }).then((result) => {
        if (result?.op !== 'quarantine') return;
        quarantine = result;
        setApart.edge('first');
        changed();
      });
    },
    move: (by) => {
      const count = review?.items.length ?? 0;
      show(Math.min(Math.max(0, count - 1), Math.max(0, place + by)));
    },
    label: (label) => {
      const item = review?.items[place];
      if (!review || !item) return;
      const { row, negative } = item;
      const items = review.items.map((one, at) => (at === place ? { ...one, label } : one));
      review = { ...review, items };
      waiting++;
      const name = dataset;
      const mine = turn;
      // One after the other, so that the last word on a negative is the last one kept.
      kept = kept.then(async () => {
        const { result, error } = await runWhenFree(context, {
          ...{ op: 'review', dataset: name, ...SAMPLE, label: { row, negative, label } },
        });
        waiting--;
        if (error) ui.getState().toast(`${error.message} ${error.hint}`.trim(), 'bad');
        if (mine === turn && review && result?.op === 'review') review = { ...review, estimate: result.estimate };
        changed();
      });
      show(Math.min(place + 1, items.length - 1));
    },
    dropFalse: async () => {
      await kept;
      const name = dataset;
      const result = await ask({ op: 'drop-false', dataset: name });
      if (result?.op !== 'drop-false') return;
      ui.getState().close();
      reset('');
      const { dropped, rows, version } = result;
      ui.getState().toast(t('datasets.review.dropped', { dropped, rows, version }), 'good');
    },
    end: () => reset(''),
  };
}

const NONE: readonly SetApart[] = [];

/** What is judged comes first after its question. Pure. */
function itemText({ query, positive, text }: ReviewItem): string {
  return [
    `${t('datasets.row.query')}\n${drawable(query)}`,
    `${t('datasets.review.judged')}\n${drawable(text)}`,
    `${t('datasets.row.positive')}\n${drawable(positive)}`,
  ].join('\n\n');
}
