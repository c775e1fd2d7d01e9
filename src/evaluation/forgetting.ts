import { GENERAL_DATASET, GENERAL_METRIC } from './general-names.ts';
import { type RunNote, runNote } from './notes.ts';
import type { DifferenceReport } from './report.ts';
import { scoreText } from './score-text.ts';
import type { Evaluation } from './types.ts';

/** On general questions: what each column has lost against the first one, in a sentence; none on other data. Pure. */
export function forgettingNotes({ dataset }: Pick<Evaluation, 'dataset'>, all: readonly DifferenceReport[]): RunNote[] {
  if (dataset !== GENERAL_DATASET) return [];
  return all.flatMap(({ column, against, metrics }) => {
    const found = metrics[GENERAL_METRIC];
    if (!found) return [];
    const points = (value: number) => scoreText(GENERAL_METRIC, value);
    // A loss, so that its signs are those of the difference turned round.
    const [lost, from, to] = [-found.difference, -found.high, -found.low].map((value) => points(value + 0));
    const values = { column, base: against, lost: lost ?? '', low: from ?? '', high: to ?? '', items: found.n };
    if (found.verdict === 'worse') return [runNote('forgot', values, GENERAL_METRIC)];
    if (found.verdict === 'better') return [runNote('not-forgot', values, GENERAL_METRIC)];
    return [runNote('forgot-unknown', { ...values, finds: points(found.detectable) }, GENERAL_METRIC)];
  });
}
