import type { NoteId } from '../note-texts.ts';
import { type RunNote, runNote } from '../notes.ts';
import type { EvaluationRun } from '../runs.ts';
import type { ItemResult } from '../types.ts';
import { judgeMetricName } from './merge.ts';

/** Where gold answers are no longer than this on average, answers are spans rather than sentences. */
const SHORT_ANSWER = 60;

/** What to mind about the judges of a run, in sentences. Pure. */
export function judgeNotes({ judges, judged, items }: Pick<EvaluationRun, 'judges' | 'judged' | 'items'>): RunNote[] {
  const notes: RunNote[] = [];
  const say = (id: NoteId, values: RunNote['values'], metric: string | null = null): void => {
    notes.push(runNote(id, values, metric));
  };
  for (const { metric, column, scored, unparseable, failed, open, byPlace } of judged) {
    const missing = unparseable + failed;
    if (missing > 0) {
      say('judge-missing', { metric, column, missing, answers: scored + missing, unparseable, failed }, metric);
    }
    if (open > 0) say('judge-open', { metric, column, open }, metric);
    const { first, second, asked } = byPlace;
    if (first + second > 0)
      say('judge-place', { metric, column, placed: first + second, asked, first, second }, metric);
  }
  for (const { llm, model, related, prompts } of judges) {
    if (related.length > 0) say('judge-related', { judge: llm, columns: related.join(', ') });
    const relevance = judgeMetricName('answer-relevance', llm);
    const characters = meanGold(items);
    if (judged.some(({ metric }) => metric === relevance) && characters <= SHORT_ANSWER) {
      say('judge-short', { metric: relevance, characters: Math.round(characters) }, relevance);
    }
    say('judge-own', { judge: llm, model, en: prompts.en.slice(0, 8), zh: prompts.zh.slice(0, 8) });
  }
  return notes;
}

const meanGold = (items: readonly ItemResult[]): number =>
  items.reduce((sum, { answers }) => sum + (answers[0] ?? '').length, 0) / Math.max(1, items.length);
