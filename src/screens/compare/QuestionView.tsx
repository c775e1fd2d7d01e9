import type { ReactNode } from 'react';
import type { CompareState } from '../../../stores/compare.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { needsKb } from '../../rag/columns.ts';
import { Editor } from '../../ui/Editor.tsx';
import { formatTime } from '../../ui/format.ts';
import { t } from '../../ui/i18n/index.ts';
import { Panel } from '../../ui/Panel.tsx';
import { Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import { cut, type Line, type Span } from '../../ui/text.ts';
import { sharedSpans } from './header.ts';
import type { CompareModel } from './model.ts';

/** Cells of the right answer that are shown: enough to judge most by. */
const LONGEST_REFERENCE = 40;

interface QuestionProps {
  readonly model: CompareModel;
  readonly state: CompareState;
  readonly rect: Rect;
  readonly focused: boolean;
}

/** What is asked, of what, in which order; what differs between the columns and what they share. */
export function QuestionView({ model, state, rect, focused }: QuestionProps): ReactNode {
  const body = inside(rect);
  const { run } = state;
  const lines: readonly Line[] = [askedLine(model, state), secondLine(state)];
  const placeholder = run ? t('compare.again', { question: sanitizeLine(run.question) }) : t('compare.placeholder');
  return (
    <Panel
      rect={rect}
      title={t('ask.question')}
      focused={focused}
      note={t('compare.columns', { count: state.slots.length })}
    >
      <Rows lines={lines} width={body.width} />
      <Editor
        model={model.editor}
        rect={{ ...body, y: body.y + lines.length, height: Math.max(1, body.height - lines.length) }}
        focused={focused}
        placeholder={placeholder}
        prefix="❯ "
      />
    </Panel>
  );
}

/** Knowledge base, order, where the question came from, what is known of it, whether it is kept. */
function askedLine(model: CompareModel, state: CompareState): Line {
  const { kb, order, run, rows, references, about, slots } = state;
  const needed = needsKb(slots.map(({ settings }) => settings));
  const said = model.question();
  const known = references.length > 0 && (about === '' || about === said);
  const parts: (readonly Span[])[] = [
    [
      { text: `${t('ask.short.kb')} `, style: 'muted' },
      { text: kb ?? t('ask.noKb'), style: kb === null ? (needed ? 'warn' : 'muted') : 'accent' },
    ],
    ...(run?.reopened
      ? [
          [
            {
              text: t('compare.reopened', { id: run.kept ?? 0, time: formatTime(run.reopened) }),
              style: 'warn' as const,
              bold: true,
            },
          ],
        ]
      : run?.fault
        ? [[{ text: `! ${t('compare.notKept', { reason: sanitizeLine(run.fault.message) })}`, style: 'warn' as const }]]
        : run?.kept
          ? [[{ text: t('compare.kept', { id: run.kept }), style: 'muted' as const }]]
          : []),
    [{ text: orderText(model, state), style: order === 'together' ? 'warn' : 'accent' }],
    ...(rows && rows.at >= 0 && about === said
      ? [[{ text: `${rows.dataset} ${rows.at + 1}/${rows.total}`, style: 'accent' as const }]]
      : []),
    ...(known
      ? [
          [
            {
              text: t('compare.referenceKnown', { text: cut(sanitizeLine(references[0] ?? ''), LONGEST_REFERENCE) }),
              style: 'good' as const,
            },
          ],
        ]
      : []),
    ...(run?.vote ? [[{ text: voteText(state), style: 'good' as const }]] : []),
  ];
  return parts.flatMap((part, at): Span[] => [{ text: at === 0 ? ' ' : ' · ', style: 'muted' }, ...part]);
}

/** `one after another 2→3→1`: with the places on screen in the order in which they were asked. */
function orderText(model: CompareModel, { order, run, blind }: CompareState): string {
  const shown = model.shown();
  const places = (run?.sequence ?? []).flatMap((id) => {
    const at = shown.findIndex((slot) => slot.id === id);
    return at < 0 ? [] : [at + 1];
  });
  const name = t(`compare.order.${run?.order ?? order}`);
  return order === 'rotate' && places.length > 1 && blind !== 'hidden' ? `${name} ${places.join('→')}` : name;
}

function voteText({ run, blind }: CompareState): string {
  const vote = run?.vote;
  if (!vote) return '';
  if (vote.kind !== 'column') return t(`compare.voted.${vote.kind}`);
  return blind === 'hidden' ? t('compare.voted.one') : t('compare.voted.column', { column: sanitizeLine(vote.column) });
}

function secondLine({ error, slots, blind, run }: CompareState): Line {
  if (error) return [{ text: ` ✗ ${sanitizeLine(`${error.message} ${error.hint}`)}`, style: 'bad' }];
  if (blind === 'hidden') return [{ text: ` ${t('compare.blindHidden')}`, style: 'warn', bold: true }];
  if (run?.changes && run.changes.length > 0) {
    return [
      { text: ` ! ${t('compare.sinceThen', { changes: run.changes.map(sanitizeLine).join(' ') })}`, style: 'warn' },
    ];
  }
  return sharedSpans(slots);
}
