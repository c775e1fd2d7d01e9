import { Box } from 'ink';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { bindActions } from '../../keys/bind.ts';
import type { Action } from '../../keys/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { Empty, List } from '../../ui/List.tsx';
import { Row, Rows } from '../../ui/Row.tsx';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ModalDefinition, ModalViewProps } from '../../ui/screen.ts';
import type { Line } from '../../ui/text.ts';
import type { StyleName } from '../../ui/theme.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { QUARANTINE_MODAL, REVIEW_MODAL, type ReviewLabel, type ReviewModel, type SetApart } from './review-model.ts';

/** The review of a sample of negatives, and the list of what an audit has set apart. */
export function reviewModals(model: ReviewModel): readonly ModalDefinition[] {
  return [
    {
      id: REVIEW_MODAL,
      title: () => titled(t('datasets.review.title'), model),
      width: 118,
      height: 34,
      view: (props) => <ReviewView model={model} {...props} />,
      target: () => model.text,
      actions: bindActions(reviewActions, () => model),
      onClose: model.end,
    },
    {
      id: QUARANTINE_MODAL,
      title: () => titled(t('datasets.quarantine.title'), model),
      width: 118,
      height: 34,
      view: (props) => <QuarantineView model={model} {...props} />,
      target: () => model.setApart,
      actions: [],
      onClose: model.end,
    },
  ];
}

const titled = (title: string, model: ReviewModel): string =>
  model.dataset() === '' ? title : `${title} · ${sanitizeLine(model.dataset())}`;

const drawn = (model: ReviewModel): true | string => (model.item() ? true : t('datasets.review.why.none'));

export const reviewActions: readonly Action<ReviewModel>[] = [
  {
    id: 'datasets.review.false',
    title: 'False negative',
    help: 'The passage is right for the question after all; goes to the next.',
    keys: ['1', 'f'],
    rank: 1,
    when: drawn,
    run: (model) => model.label('false-negative'),
  },
  {
    id: 'datasets.review.good',
    title: 'Good negative',
    help: 'The passage is wrong for the question, as it should be; goes to the next.',
    keys: ['2', 'g'],
    rank: 2,
    when: drawn,
    run: (model) => model.label('negative'),
  },
  {
    id: 'datasets.review.unsure',
    title: 'Unsure',
    help: 'Neither can be said; it counts for nothing; goes to the next.',
    keys: ['3', '?'],
    rank: 3,
    when: drawn,
    run: (model) => model.label('unsure'),
  },
  {
    id: 'datasets.review.previous',
    title: 'Back',
    help: 'Goes to the negative before; a new label replaces the old one.',
    keys: ['left'],
    rank: 4,
    when: drawn,
    run: (model) => model.move(-1),
  },
  {
    id: 'datasets.review.next',
    title: 'Next',
    help: 'Goes to the next negative; this one stays as it is.',
    keys: ['right'],
    rank: 5,
    when: drawn,
    run: (model) => model.move(1),
  },
  {
    id: 'datasets.review.drop',
    title: 'Drop false ones',
    help: 'Leaves out the negatives that were labelled as false, as a new version; u goes back.',
    keys: ['d'],
    rank: 6,
    command: 'ragtui dataset negatives NAME --drop-false',
    when: (model) =>
      model.review()?.items.some(({ label }) => label === 'false-negative') ||
      (model.review()?.estimate.falseNegatives ?? 0) > 0
        ? true
        : t('datasets.review.why.noFalse'),
    confirm: (model) => t('datasets.review.confirmDrop', { name: model.dataset() }),
    run: (model) => void model.dropFalse(),
  },
];

const LABELS = {
  'false-negative': { key: 'datasets.review.label.false', style: 'bad' },
  negative: { key: 'datasets.review.label.good', style: 'good' },
  unsure: { key: 'datasets.review.label.unsure', style: 'warn' },
} as const satisfies Readonly<Record<ReviewLabel, { key: string; style: StyleName }>>;

function ReviewView({ model, rect }: ModalViewProps & { readonly model: ReviewModel }): ReactNode {
  useStore(model.context.datasets);
  const { width, height } = rect;
  const head = headLines(model, width);
  const problem = model.problem();
  const none = problem ?? (model.review() ? t('datasets.review.nothing') : t('datasets.task.review'));
  return (
    <Box flexDirection="column" width={width} height={height}>
      <Rows lines={head} width={width} />
      <Row line={[{ text: '─'.repeat(width), style: 'border' }]} width={width} />
      {model.item() ? (
        <StreamView model={model.text} width={width} height={Math.max(1, height - head.length - 1)} />
      ) : (
        <Empty text={none} width={width} height={Math.max(1, height - head.length - 1)} />
      )}
    </Box>
  );
}

/** With a decimal: good data has few of them. */
const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** Where we are, what was said of this one, and how many are false in all. */
function headLines(model: ReviewModel, width: number): Line[] {
  const review = model.review();
  const item = model.item();
  if (!review || !item) return [];
  const { share, low, high, labelled, falseNegatives, negatives, unsure } = review.estimate;
  const label = item.label ? LABELS[item.label] : null;
  const origin = item.origin;
  const from = origin
    ? [origin.from, ...(origin.rank === null ? [] : [t('datasets.review.rank', { rank: origin.rank })])].join(' ')
    : '';
  const where = [t('datasets.review.place', { place: model.place() + 1, of: review.items.length }), from];
  const estimate =
    share === null
      ? t('datasets.review.noEstimate', { negatives: formatCount(negatives) })
      : t('datasets.review.estimate', {
          ...{ false: falseNegatives, labelled, unsure, share: percent(share) },
          ...{ low: percent(low), high: percent(high), negatives: formatCount(negatives) },
        });
  const saving = model.waiting() > 0 ? ` · ${t('datasets.review.keeping')}` : '';
  return [
    [
      { text: ` ${where.filter(Boolean).join(' · ')}  `, style: 'muted' },
      label ? { text: t(label.key), style: label.style } : { text: t('datasets.review.open'), style: 'accent' },
    ],
    ...wrapRows(estimate + saving, Math.max(2, width - 2)).map((row): Line => [{ text: ` ${row}` }]),
  ];
}

function QuarantineView({ model, rect }: ModalViewProps & { readonly model: ReviewModel }): ReactNode {
  useStore(model.context.datasets);
  useStore(model.setApart.store);
  const { width, height } = rect;
  const found = model.quarantine();
  const counts = Object.entries(found?.byRule ?? {}).map(([rule, count]) => `${rule} ${formatCount(count)}`);
  const more =
    found && found.total > found.entries.length
      ? [t('datasets.quarantine.first', { shown: formatCount(found.entries.length) })]
      : [];
  const head = found ? [formatCount(found.total), ...counts, ...more].join(' · ') : '';
  const above = Math.max(3, Math.floor((height - 2) / 2));
  const chosen = model.setApart.selected();
  const empty = model.problem() ?? t(found ? 'datasets.quarantine.empty' : 'datasets.task.quarantine');
  return (
    <Box flexDirection="column" width={width} height={height}>
      <Row line={[{ text: ` ${sanitizeLine(head)}`, style: 'muted' }]} width={width} />
      <List model={model.setApart} width={width} height={above} focused render={entryLine} empty={empty} />
      <Row line={[{ text: '─'.repeat(width), style: 'border' }]} width={width} />
      <Rows lines={chosen ? entryText(chosen, width) : []} width={width} height={Math.max(0, height - above - 2)} />
    </Box>
  );
}

const entryLine = ({ row, query, from, rank, reasons }: SetApart): Line => [
  { text: `${row} `, style: 'muted' },
  { text: `${reasons.map(({ rule }) => rule).join(' ')}  `, style: 'warn' },
  { text: sanitizeLine(query) },
  { text: `  ${from}${rank === null ? '' : ` ${t('datasets.review.rank', { rank })}`}`, style: 'muted' },
];

function entryText({ query, text, reasons }: SetApart, width: number): Line[] {
  const wrapped = (said: string, style: StyleName): Line[] =>
    wrapRows(sanitizeLine(said), Math.max(2, width - 2)).map((row): Line => [{ text: ` ${row}`, style }]);
  return [
    ...reasons.flatMap(({ rule, detail }) => wrapped(`${rule}: ${detail}`, 'warn')),
    ...wrapped(query, 'accent'),
    ...wrapped(text, 'text'),
  ];
}
