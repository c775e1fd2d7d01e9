import type { QaRow } from '../../types.ts';
import { rowRule } from '../rule.ts';

/** Names under which importers keep it. */
const NAMES = ['answerStart', 'answer_start'] as const;

/** Offsets of the first answer (SQuAD) that do not point at it. */
export const answerOffset = rowRule(
  {
    id: 'answer-offset',
    version: 1,
    title: 'Wrong answer offset',
    why: 'Tools that read SQuAD cut the answer out by its offset: a wrong one trains on other words than the answer says.',
    severity: 'warning',
    kinds: ['qa'],
  },
  function* ({ number, row }) {
    if (!('question' in row)) return;
    const name = NAMES.find((one) => typeof row.metadata[one] === 'number');
    const start = name && Number(row.metadata[name]);
    const [answer = ''] = row.answers;
    if (name === undefined || start === undefined || answer.trim() === '') return;
    if (pointsAt(row, start, answer)) return;
    const right = nearestStart(row.context, answer, start);
    const there = row.context.slice(Math.max(0, start), Math.max(0, start) + Math.min(answer.length, 30));
    const message = `The offset ${start} points at “${there}”, not at the answer “${answer.slice(0, 30)}”`;
    yield right === undefined
      ? { row: number, message: `${message}, which is not in the context.`, advice: 'Correct the answer first.' }
      : {
          row: number,
          message: `${message}; that begins at ${right}.`,
          advice: 'Set the right offset.',
          fix: { kind: 'set', path: `metadata.${name}`, from: start, to: right },
        };
  },
);

/** In UTF-16 units, as here, or in code points, as in Python. */
function pointsAt({ context }: QaRow, start: number, answer: string): boolean {
  if (context.startsWith(answer, start)) return true;
  if (!/[\ud800-\udbff]/.test(context)) return false;
  return [...context].slice(start, start + [...answer].length).join('') === answer;
}

function nearestStart(context: string, answer: string, wanted: number): number | undefined {
  let best: number | undefined;
  for (let at = context.indexOf(answer); at >= 0; at = context.indexOf(answer, at + 1)) {
    if (best === undefined || Math.abs(at - wanted) < Math.abs(best - wanted)) best = at;
  }
  return best;
}
