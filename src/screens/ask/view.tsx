import { type ReactNode, useMemo } from 'react';
import { useStore } from 'zustand';
import type { AskSettings } from '../../../stores/ask.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { copiedSpans } from '../../rag/copied-spans.ts';
import type { Answer } from '../../rag/types.ts';
import { Editor } from '../../ui/Editor.tsx';
import { t } from '../../ui/i18n/index.ts';
import { List } from '../../ui/List.tsx';
import { useSpinner } from '../../ui/Meters.tsx';
import { Panel } from '../../ui/Panel.tsx';
import { Row, Rows } from '../../ui/Row.tsx';
import { inside, type Rect } from '../../ui/rect.ts';
import { StreamView } from '../../ui/StreamView.tsx';
import type { ScreenViewProps } from '../../ui/screen.ts';
import { shownStatus } from '../../ui/status.ts';
import type { HighlightRange } from '../../ui/stream-model.ts';
import type { Line, Span } from '../../ui/text.ts';
import { wrapRows } from '../../ui/wrap.ts';
import { Placed } from '../Placed.tsx';
import { showsSuggestions } from './actions.ts';
import { HistoryView } from './HistoryView.tsx';
import { answerMetrics, runningMetrics } from './metrics.ts';
import type { AskModel } from './model.ts';
import { nextSuggestion } from './model.ts';
import { PassagesView } from './PassagesView.tsx';
import { settingText } from './settings-menu.ts';

/** Spans of the answer that stand word for word in passages, and where in which passage. */
export interface Copied {
  readonly answer: readonly HighlightRange[];
  readonly passages: readonly (readonly HighlightRange[])[];
}
const NOTHING_COPIED: Copied = { answer: [], passages: [] };

export function AskView({ model, rect, rects, focus }: ScreenViewProps & { readonly model: AskModel }): ReactNode {
  const { question, answer, passages, history } = rects;
  const copied = useCopied(model);
  return (
    <>
      {question ? (
        <Placed within={rect} rect={question}>
          <QuestionView model={model} rect={question} focused={focus === 'question'} />
        </Placed>
      ) : null}
      {answer ? (
        <Placed within={rect} rect={answer}>
          <AnswerView
            model={model}
            rect={answer}
            focused={focus === 'answer'}
            copied={copied}
            narrow={!passages && !history}
          />
        </Placed>
      ) : null}
      {passages ? (
        <Placed within={rect} rect={passages}>
          <PassagesView model={model} rect={passages} focused={focus === 'passages'} copied={copied} />
        </Placed>
      ) : null}
      {history ? (
        <Placed within={rect} rect={history}>
          <HistoryView model={model} rect={history} focused={focus === 'history'} />
        </Placed>
      ) : null}
    </>
  );
}

/** Looked for once the answer is whole: while it streams every piece would change the longest matches. */
function useCopied({ context }: AskModel): Copied {
  const answer = useStore(context.ask, (state) => (state.running ? null : state.answer));
  return useMemo(() => {
    if (!answer) return NOTHING_COPIED;
    const spans = copiedSpans(
      answer.answer,
      answer.hits.map((hit) => hit.text),
    );
    return {
      answer: spans.map(({ start, end }) => ({ start, end })),
      passages: answer.hits.map((_, source) =>
        spans
          .filter((span) => span.source === source)
          .map(({ sourceStart, sourceEnd }) => ({ start: sourceStart, end: sourceEnd }))
          .sort((a, b) => a.start - b.start),
      ),
    };
  }, [answer]);
}

interface PaneProps {
  readonly model: AskModel;
  readonly rect: Rect;
  readonly focused: boolean;
}

function QuestionView({ model, rect, focused }: PaneProps): ReactNode {
  const { context } = model;
  const settings = useStore(context.ask, (state) => state.settings);
  const suggestion = useStore(context.ask, nextSuggestion);
  const turns = useStore(context.ask, (state) => state.thread.length);
  const body = inside(rect);
  const placeholder = suggestion ? t('ask.placeholderSuggestion', { question: suggestion }) : t('ask.placeholder');
  return (
    <Panel
      rect={rect}
      title={t('ask.question')}
      note={turns > 0 ? t('ask.followUp', { count: turns }) : ''}
      focused={focused}
    >
      <Row line={settingsLine(settings)} width={body.width} />
      <Editor
        model={model.editor}
        rect={{ ...body, y: body.y + 1, height: body.height - 1 }}
        focused={focused}
        placeholder={placeholder}
        prefix="❯ "
      />
    </Panel>
  );
}

/** `tea · smollm2… · hybrid · top 3 · default · instruction on`: what the next question goes to. */
function settingsLine(settings: AskSettings): Line {
  const fields = ['kb', 'llm', 'mode', 'topK', 'prompt', 'instruction'] as const;
  return fields.flatMap((field, i): Span[] => {
    const missing = (field === 'kb' && settings.kb === null) || (field === 'llm' && settings.llm === null);
    // A mode, a model speak for themselves; a number, a switch and what is missing need their name.
    const named = missing || field === 'topK' || field === 'prompt' || field === 'instruction';
    return [
      { text: `${i > 0 ? ' · ' : ' '}${named ? `${t(`ask.short.${field}`)} ` : ''}`, style: 'muted' },
      { text: settingText(settings, field), style: missing ? 'warn' : 'accent' },
    ];
  });
}

interface AnswerProps extends PaneProps {
  readonly copied: Copied;
  /** The passages are not beside it: the title says how to get there. */
  readonly narrow: boolean;
}

function AnswerView({ model, rect, focused, copied, narrow }: AnswerProps): ReactNode {
  const { context } = model;
  const ask = useStore(context.ask);
  const noBase = useStore(context.kb, ({ list }) => list?.length === 0);
  useStore(model.suggestions.store);
  const { width, height } = inside(rect);
  const hits = (ask.running ? ask.running.search?.hits : ask.answer?.hits) ?? [];
  const note = narrow && hits.length > 0 ? t('ask.tabPassages', { count: hits.length }) : '';
  const foot = footLines(model, width);
  const head = headLines(model, width);
  const body = Math.max(1, height - foot.length - head.length);
  const start = model.answer.answerStart();
  const highlights = copied.answer.map((span) => ({ start: span.start + start, end: span.end + start }));
  return (
    <Panel rect={rect} title={t('ask.answer')} note={note} focused={focused}>
      <Rows lines={head} width={width} />
      {showsSuggestions(model) ? (
        <List
          model={model.suggestions}
          width={width}
          height={body}
          focused={focused}
          render={(question) => [{ text: ` ${sanitizeLine(question)}` }]}
          empty=""
        />
      ) : (
        <StreamView
          model={model.answer.stream}
          width={width}
          height={body}
          highlights={highlights}
          empty={ask.running || ask.error ? '' : t(noBase ? 'ask.emptyNoKb' : 'ask.empty')}
        />
      )}
      <AnswerFoot model={model} lines={foot} width={width} />
    </Panel>
  );
}

/** What must be said before the answer: nothing relevant, a cut context, an error. */
function headLines({ context }: AskModel, width: number): readonly Line[] {
  const { running, answer, error, suggestions } = context.ask.getState();
  const rows = (text: string, style: 'warn' | 'bad' | 'muted'): Line[] =>
    wrapRows(sanitizeLine(text), Math.max(2, width - 2)).map((row): Line => [{ text: ` ${row}`, style }]);
  if (error) return rows(`✗ ${error.message} ${error.hint}`, 'bad');
  const search = running ? running.search : answer;
  const cut = running ? running.cut : (answer?.cut ?? '');
  const lines: Line[] = [];
  if (search && !search.relevant) lines.push(...rows(`! ${t('ask.nothingRelevant')}`, 'warn'));
  if (cut) lines.push(...rows(`! ${t('ask.messages.cut', { cut })}`, 'warn'));
  if (!running && !answer && suggestions.length > 0) lines.push(...rows(t('ask.suggestions'), 'muted'));
  return lines;
}

/** The numbers below the answer, in as many rows as they need. */
function footLines({ context }: AskModel, width: number): readonly string[] {
  const { running, answer } = context.ask.getState();
  const metrics = running ? runningMetrics(running, performance.now()) : answer ? answerMetrics(answer) : [];
  if (metrics.length === 0) return running ? [''] : [];
  return wrapRows(metrics.join(' · '), Math.max(2, width - 4)).slice(0, 2);
}

function AnswerFoot({ model, lines, width }: { model: AskModel; lines: readonly string[]; width: number }): ReactNode {
  const running = useStore(model.context.ask, (state) => state.running);
  const answer = useStore(model.context.ask, (state) => state.answer);
  const spinner = useSpinner(running !== null);
  const lead: Span = running
    ? { text: ` ${spinner} `, style: 'accent' }
    : { text: answer?.finish === 'cancelled' ? ' ■ ' : ' ✓ ', style: answer?.finish === 'stop' ? 'good' : 'warn' };
  const phase =
    running && running.buffer.firstAt === null
      ? `${phaseText(running)}  `
      : finishText(answer?.finish, running !== null);
  const waited =
    running && running.buffer.firstAt === null ? Math.floor((performance.now() - running.startedAt) / 1000) : 0;
  // Seconds only: a number that changes with each turn of the spinner says no more and costs bytes.
  const waiting = waited > 0 ? `${waited}s  ` : '';
  return lines.map((line, i) => (
    <Row
      // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
      key={i}
      line={
        i === 0
          ? [lead, { text: phase }, { text: waiting + line, style: 'muted' }]
          : [{ text: `   ${line}`, style: 'muted' }]
      }
      width={width}
    />
  ));
}

function phaseText(running: {
  readonly phase: 'retrieving' | 'prompting' | 'answering';
  readonly status: string;
}): string {
  return running.status ? sanitizeLine(shownStatus(running.status)) : t(`ask.phase.${running.phase}`);
}

function finishText(finish: Answer['finish'] | undefined, running: boolean): string {
  if (running || finish === undefined || finish === 'stop') return '';
  return `${t(`ask.finish.${finish}`)}  `;
}
