import type { WorkspacePaths } from '../platform/paths.ts';
import { itemsOf } from './blame/run.ts';
import { stateOf } from './item-state.ts';
import type { EvaluationItem } from './plan.ts';
import type { RunReport } from './report.ts';
import { reportOfRun } from './run-report.ts';
import { columnsOf } from './table.ts';
import type { ItemResult, ItemState } from './types.ts';

/** One question with what every column made of it. */
export interface QuestionRow {
  readonly item: string;
  readonly question: string;
  readonly answers: readonly string[];
  readonly contextId: string;
  /** Place of its gold passage among `passages`; null when the dataset is gone. */
  readonly passage: number | null;
  readonly columns: Readonly<Record<string, ColumnAnswer>>;
}

export interface ColumnAnswer {
  readonly state: ItemState;
  readonly output: string | null;
  readonly error: string;
  readonly scores: Readonly<Record<string, number | null>>;
  /** What was found first; null without retrieval. */
  readonly retrieved: readonly { readonly document: string; readonly text: string; readonly score: number }[] | null;
  readonly totalMs: number | null;
  readonly firstTokenMs: number | null;
  readonly retrievalMs: number | null;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly finish: ItemResult['finish'];
  /** How the context was cut to fit, '' if it was not. */
  readonly cut: string;
  readonly reusedFrom: string | null;
}

/** All that the screen shows of a run. */
export interface RunFigures {
  readonly report: RunReport;
  readonly questions: readonly QuestionRow[];
  /** Gold passages, each once. */
  readonly passages: readonly string[];
}

/** So much of a text is shown; the whole stands in `items.jsonl`. */
const SHOWN_CHARACTERS = 4000;
const SHOWN_PASSAGES = 3;

/** Reads a run and computes its figures: seconds of work for a large one. Errors: `not-found`, `usage`. */
export async function runFigures(paths: WorkspacePaths, id: string): Promise<RunFigures> {
  const { run, report } = reportOfRun(paths, id);
  const questions = new Map<string, { first: ItemResult; columns: Record<string, ColumnAnswer> }>();
  for (const { name, items } of columnsOf(run)) {
    for (const [key, item] of items) {
      const row = questions.get(key) ?? { first: item, columns: {} };
      row.columns[name] = answerOf(item);
      questions.set(key, row);
    }
  }
  const asked = await itemsOf(paths, run).catch(() => new Map<string, EvaluationItem>());
  const places = new Map<string, number>();
  const placeOf = (item: string): number | null => {
    const passage = asked.get(item)?.context.slice(0, SHOWN_CHARACTERS);
    if (passage === undefined) return null;
    const place = places.get(passage) ?? places.size;
    places.set(passage, place);
    return place;
  };
  return {
    report,
    questions: [...questions.values()].map(({ first, columns }) => ({
      item: first.item,
      question: first.question,
      answers: first.answers,
      contextId: first.contextId,
      passage: placeOf(first.item),
      columns,
    })),
    passages: [...places.keys()],
  };
}

function answerOf(item: ItemResult): ColumnAnswer {
  const { output, error, scores, retrieved, timing, usage } = item;
  const cut = (text: string): string => text.slice(0, SHOWN_CHARACTERS);
  return {
    state: stateOf(item),
    output: output === null ? null : cut(output),
    error: error?.message ?? '',
    scores,
    retrieved: retrieved?.slice(0, SHOWN_PASSAGES).map((one) => ({ ...one, text: cut(one.text) })) ?? null,
    totalMs: timing.totalMs ?? timing.retrievalMs,
    firstTokenMs: timing.firstTokenMs,
    retrievalMs: timing.retrievalMs,
    promptTokens: usage?.promptTokens ?? null,
    completionTokens: usage?.completionTokens ?? null,
    finish: item.finish,
    cut: item.cut,
    reusedFrom: item.reusedFrom ?? null,
  };
}
