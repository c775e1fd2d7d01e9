import { fillIn } from '../platform/fill-in.ts';
import { parsePromptName } from '../rag/prompts.ts';
import type { ItemFacts } from './item-facts.ts';
import { folded } from './metrics/folded.ts';
import type { Metric } from './metrics/types.ts';
import { NOTE_TEXTS, type NoteId } from './note-texts.ts';
import type { ColumnReport } from './report.ts';
import type { ColumnTable } from './table.ts';
import type { Evaluation, ItemResult } from './types.ts';

/** Where the figures of a run would mislead. */
export interface RunNote {
  readonly id: NoteId;
  /** The metric it is about; null: about the run. */
  readonly metric: string | null;
  readonly values: Readonly<Record<string, string | number>>;
  /** The sentence, in English. */
  readonly text: string;
}

/** What the rows of a question set are rendered with for training. */
const TRAINED_PROMPT = 'sft';
const LONG_ANSWER = 60;
const FEW_CONTEXTS = 10;
/** Below that share of spans, what can be copied is not what is asked for. */
const MOSTLY_SPANS = 0.95;
const HAN = /\p{Script=Han}/u;

export const runNote = (id: NoteId, values: RunNote['values'], metric: string | null): RunNote => ({
  id,
  metric,
  values,
  text: fillIn(NOTE_TEXTS[id], values),
});

/** Where the figures of this very run would mislead, in sentences. Pure. */
export function notesOn(
  tables: readonly ColumnTable[],
  columns: readonly ColumnReport[],
  metrics: readonly Metric[],
  facts?: Pick<ItemFacts, 'asked'>,
): RunNote[] {
  const notes: RunNote[] = [];
  const say = (id: NoteId, values: RunNote['values'] = {}, metric: string | null = null): void => {
    notes.push(runNote(id, values, metric));
  };
  const has = (name: string) => metrics.some((metric) => metric.name === name);
  const items = [...(tables[0]?.items.values() ?? [])];
  const contexts = new Set(items.map(({ contextId }) => contextId)).size;
  const asked = columns.filter(({ baseline }) => !baseline);
  const meanAnswer = items.reduce((sum, { answers }) => sum + (answers[0] ?? '').length, 0) / items.length;

  if (items.length > 0 && contexts < FEW_CONTEXTS) say('few-contexts', { contexts });
  for (const { name: column, errors, timeouts, items: all } of asked) {
    if (errors + timeouts > 0) say('failures', { column, errors, timeouts, items: all });
  }
  for (const { name: column, items: answered } of tables) {
    for (const { name: metric } of metrics) {
      const failed = [...answered.values()].flatMap(({ missed }) => missed?.[metric] ?? []);
      if (failed[0] !== undefined)
        say('metric-failed', { metric, column, count: failed.length, why: failed[0] }, metric);
    }
  }
  for (const { name: column, cutShort: cut, items: all } of asked) {
    if (cut * 20 > all) say('cut-short', { column, cut, items: all });
  }
  for (const { name: column, reused, items: all } of asked) {
    if (reused > 0 && metrics.some(({ kind }) => kind === 'speed'))
      say('speed-of-then', { column, reused, items: all });
  }
  if (has('origin-tutorial')) {
    for (const { name: column, empty } of asked) {
      if (empty > 0) say('empty-origin', { column, empty }, 'origin-tutorial');
    }
  }
  if (has('exact') && items.length > 0 && meanAnswer > LONG_ANSWER) {
    say('long-exact', { characters: Math.round(meanAnswer) }, 'exact');
  }
  if (has('contains') && items.length > 0 && meanAnswer > LONG_ANSWER) {
    say('contains-long', { characters: Math.round(meanAnswer) }, 'contains');
  }
  const spans = spanShare(items, facts?.asked);
  if (
    spans !== undefined &&
    spans < MOSTLY_SPANS &&
    asked.some(({ metrics: own }) => own['exact'] ?? own['verbatim'])
  ) {
    say('spans', { share: (100 * spans).toFixed(0) });
  }
  for (const { name } of metrics.filter(({ embedder }) => embedder !== undefined)) {
    const floor = columns.find((column) => column.name === 'shuffled-answer')?.metrics[name];
    if (!floor) continue;
    const above = asked.flatMap(({ name: column, metrics: own }) => {
      const mean = own[name]?.mean;
      return mean === undefined ? [] : [`${column} ${((100 * (mean - floor.mean)) / (1 - floor.mean)).toFixed(0)}`];
    });
    say('cosine-floor', { metric: name, floor: (100 * floor.mean).toFixed(1), columns: above.join(', ') }, name);
  }
  if (has('context-relevance') && items.length > 0 && !items.some(({ question }) => HAN.test(question))) {
    say('relevance-english', {}, 'context-relevance');
  }
  if (has('hit@1') && asked.some(({ metrics: own }) => own['hit@1'])) say('gold-rule');
  say('one-draw');
  return notes;
}

/**
 * Where several LLMs are asked with nothing but the prompt that tunes are trained on: the part of the difference that a
 * better prompt for the base would make up is then unknown. Pure.
 */
export function promptNotes({ columns }: Pick<Evaluation, 'columns'>): RunNote[] {
  const asking = columns.filter(({ llm }) => llm !== 'none');
  const trained = asking.every(({ prompt }) => parsePromptName(prompt).prompt === TRAINED_PROMPT);
  return trained && new Set(asking.map(({ llm }) => llm)).size > 1 ? [runNote('trained-prompt', {}, null)] : [];
}

/** Share of first answers that stand in their passage, as `verbatim` compares; undefined when the dataset is gone. */
function spanShare(items: readonly ItemResult[], asked: ItemFacts['asked'] | undefined): number | undefined {
  if (!asked || asked.size === 0) return undefined;
  const passages = new Map<string, string>();
  const passageOf = (context: string): string => {
    const known = passages.get(context) ?? folded(context);
    passages.set(context, known);
    return known;
  };
  const known = items.flatMap(({ item, answers }) => {
    const context = asked.get(item)?.context;
    const answer = folded(answers[0] ?? '');
    return context === undefined || answer === '' ? [] : [passageOf(context).includes(answer)];
  });
  return known.length === 0 ? undefined : known.filter(Boolean).length / known.length;
}
