import type { WorkspacePaths } from '../platform/paths.ts';
import { stateOf } from './item-state.ts';
import type { RunReport } from './report.ts';
import { wasRetrieved } from './retrieved.ts';
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
  /** Whether a tune of the run was trained on it; null when nobody can tell. */
  readonly seen: boolean | null;
  readonly columns: Readonly<Record<string, ColumnAnswer>>;
}

export interface ColumnAnswer {
  readonly state: ItemState;
  readonly output: string | null;
  readonly error: string;
  readonly scores: Readonly<Record<string, number | null>>;
  /** What was found first; null without retrieval. */
  readonly retrieved: readonly { readonly document: string; readonly text: string; readonly score: number }[] | null;
  /** Whether the gold passage was among what the column hands on (its top-k); null without retrieval. */
  readonly found: boolean | null;
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
  const { run, report, facts } = await reportOfRun(paths, id);
  const questions = new Map<string, { first: ItemResult; columns: Record<string, ColumnAnswer> }>();
  for (const { name, items } of columnsOf(run)) {
    for (const [key, item] of items) {
      const row = questions.get(key) ?? { first: item, columns: {} };
      const found = wasRetrieved(item, run.evaluation, facts.asked);
      row.columns[name] = answerOf(item, found ?? null);
      questions.set(key, row);
    }
  }
  const places = new Map<string, number>();
  const placeOf = (item: string): number | null => {
    const passage = facts.asked.get(item)?.context.slice(0, SHOWN_CHARACTERS);
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
      seen: facts.seen?.get(first.item) ?? null,
      columns,
    })),
    passages: [...places.keys()],
  };
}

function answerOf(item: ItemResult, found: boolean | null): ColumnAnswer {
  const { output, error, scores, retrieved, timing, usage } = item;
  const cut = (text: string): string => text.slice(0, SHOWN_CHARACTERS);
  return {
    state: stateOf(item),
    output: output === null ? null : cut(output),
    error: error?.message ?? '',
    scores,
    retrieved: retrieved?.slice(0, SHOWN_PASSAGES).map((one) => ({ ...one, text: cut(one.text) })) ?? null,
    found,
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

/** A piece of the figures: small enough that who receives it does not notice. */
export interface FiguresPage {
  readonly questions: readonly QuestionRow[];
  readonly passages: readonly string[];
}

/** So many characters of JSON take about a millisecond to read. */
const PAGE_CHARACTERS = 100_000;

/** The questions and passages of a run in pages, in order; each has at least one of them. Pure. */
export function* figuresPages({ questions, passages }: FiguresPage): Generator<FiguresPage> {
  for (const page of paged(questions, (row) => JSON.stringify(row).length)) yield { questions: page, passages: [] };
  for (const page of paged(passages, (text) => text.length)) yield { questions: [], passages: page };
}

function* paged<T>(all: readonly T[], sizeOf: (one: T) => number): Generator<T[]> {
  let page: T[] = [];
  let size = 0;
  for (const one of all) {
    const own = sizeOf(one);
    if (page.length > 0 && size + own > PAGE_CHARACTERS) {
      yield page;
      [page, size] = [[], 0];
    }
    page.push(one);
    size += own;
  }
  if (page.length > 0) yield page;
}
