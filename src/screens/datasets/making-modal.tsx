import { Box } from 'ink';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { bindActions } from '../../keys/bind.ts';
import type { Action } from '../../keys/types.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { formatCount } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { createListModel, type ListModel } from '../../ui/list-model.ts';
import { Row, Rows } from '../../ui/Row.tsx';
import type { ModalDefinition, ModalViewProps } from '../../ui/screen.ts';
import { type Line, spansOf } from '../../ui/text.ts';
import type { StyleName } from '../../ui/theme.ts';
import { wrapRows } from '../../ui/wrap.ts';
import type { ScreenContext } from '../context.ts';
import { type FormField, fieldLine } from '../form.ts';
import { jobProgressLine } from '../progress.ts';
import { MAKING_MODAL, type Making, runningMakings } from './making.ts';
import { makingFields } from './making-form.ts';

interface FormModal {
  readonly making: Making;
  readonly fields: ListModel<FormField>;
}

/** The form of data that is about to be made, with what it would do below. */
export function createMakingModal(making: Making): ModalDefinition {
  const fields = createListModel<FormField>({ items: () => makingFields(making), key: ({ id }) => id });
  const modal: FormModal = { making, fields };
  return {
    id: MAKING_MODAL,
    title: () => t(`datasets.make.${making.form()?.what ?? 'go'}`),
    width: 118,
    height: 34,
    view: (props) => <MakingView modal={modal} {...props} />,
    target: () => fields,
    actions: bindActions(formActions, () => modal),
    onClose: making.end,
  };
}

const formActions: readonly Action<FormModal>[] = [
  {
    id: 'datasets.making.take',
    title: 'Take',
    help: 'On the first line: starts the job. On another: changes it.',
    keys: ['enter'],
    rank: 1,
    when: ({ making, fields }) => (fields.selected()?.id === 'go' ? making.canStart() : true),
    run: ({ fields }) => fields.selected()?.change(),
  },
];

function MakingView({ modal, rect }: ModalViewProps & { readonly modal: FormModal }): ReactNode {
  useStore(modal.making.context.datasets);
  useStore(modal.fields.store);
  const { width, height } = rect;
  const above = Math.min(modal.fields.rows().length, Math.max(4, height - 6));
  const title = `─ ${t('datasets.make.preview')} `;
  return (
    <Box flexDirection="column" width={width} height={height}>
      <List model={modal.fields} width={width} height={above} focused render={fieldLine} empty="" />
      <Row line={[{ text: `${title}${'─'.repeat(width)}`.slice(0, width), style: 'border' }]} width={width} />
      <Rows lines={planLines(modal.making, width)} width={width} height={Math.max(0, height - above - 1)} />
    </Box>
  );
}

/** What would be made: plan, cost, examples; or what stands against it. */
function planLines(making: Making, width: number): Line[] {
  const problem = making.problem();
  if (problem) return wrapped(`✗ ${problem.message} ${problem.hint}`, 'bad', width);
  const prepared = making.prepared();
  const ready = making.canStart();
  if (!prepared) return wrapped(ready === true ? '' : ready, 'muted', width);
  const { making: work, plan, rows, examples, models } = prepared;
  const rendered = making.rendered();
  return [
    ...(ready === true ? [] : wrapped(`! ${ready}`, 'warn', width)),
    ...wrapped(`→ ${work.as}`, 'accent', width),
    ...(rows === null ? [] : wrapped(t('datasets.make.reads', { rows: formatCount(rows) }), 'muted', width)),
    ...(models.length > 0 ? wrapped(t('datasets.make.uses', { models: models.join(', ') }), 'muted', width) : []),
    ...(plan
      ? wrapped(
          [
            t('datasets.make.asks', { ask: formatCount(plan.ask), tokens: formatCount(plan.promptTokens) }),
            plan.cost ?? t('datasets.make.noPrice'),
          ].join(' · '),
          'accent',
          width,
        )
      : wrapped(t('datasets.make.free'), 'muted', width)),
    ...(plan?.first ?? []).flatMap(({ role, content }) => [
      ...wrapped(`── ${role}`, 'muted', width),
      ...paragraphs(content, width),
    ]),
    ...examples.flatMap(({ row, did, before, after }) => [
      ...wrapped(`── ${t('datasets.row')} ${row}: ${did}`, 'muted', width),
      ...wrapped(`- ${before}`, 'muted', width).slice(0, 3),
      ...wrapped(`+ ${after}`, 'text', width).slice(0, 3),
    ]),
    ...(rendered ? renderedLines(rendered, width) : []),
  ];
}

function renderedLines({ messages, rendered }: NonNullable<ReturnType<Making['rendered']>>, width: number): Line[] {
  if (!rendered) {
    return messages.flatMap(({ role, content }) => [
      ...wrapped(`── ${role}`, 'muted', width),
      ...paragraphs(content, width),
    ]);
  }
  const { prompt, target, promptTokens, targetTokens, exact } = rendered;
  const count = t(exact ? 'datasets.make.tokens' : 'datasets.make.tokensAbout', {
    prompt: formatCount(promptTokens),
    target: formatCount(targetTokens),
  });
  return [...wrapped(count, 'accent', width), ...paragraphs(prompt, width), ...wrapped(target, 'good', width)];
}

const paragraphs = (text: string, width: number): Line[] =>
  text.split('\n').flatMap((line) => wrapped(line, 'text', width));

const wrapped = (text: string, style: StyleName, width: number): Line[] =>
  wrapRows(sanitizeLine(text), Math.max(2, width - 2)).map((row): Line => [{ text: ` ${row}`, style }]);

/** The jobs that make data just now, each with its bar. */
export function makingLines(context: ScreenContext, width: number): Line[] {
  return runningMakings(context).flatMap((job): Line[] => {
    const { work } = job.spec;
    if (work.kind !== 'make-data') return [];
    const { what, as } = work.making;
    const title = what === 'preference' ? job.spec.name : `${t(`datasets.make.${what}`)} → ${as}`;
    const phase = job.progress ? ` · ${job.progress.phase}` : '';
    return [
      [{ text: ` ${sanitizeLine(title + phase)}`, style: 'accent' }],
      [{ text: ' ' }, ...spansOf(jobProgressLine(job, width - 2))],
    ];
  });
}
