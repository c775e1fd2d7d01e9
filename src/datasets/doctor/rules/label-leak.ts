import { parseSftPrompt } from '../../render.ts';
import { rowRule } from '../rule.ts';
import { fold, isIdeograph } from '../text/fold.ts';

/** Shorter answers stand in many questions by chance. */
const FEWEST = { ideographs: 3, letters: 6 };
/** A question that offers its answers to choose from names the right one too. */
const CHOICE = /还是|或者|抑或|\bor\b|\beither\b|以下(?:哪|选)|\b(?:which|choose)\b.*[:：]/i;
const MARK = /(?:答案|参考答案|正确答案|标准答案|answer|solution)\s*(?:是|为|is)?\s*[:：]\s*/gi;

/** The answer stands in what is asked. */
export const labelLeak = rowRule(
  {
    id: 'label-leak',
    version: 1,
    title: 'The answer stands in the question',
    why: 'The model learns to repeat the question instead of reading the context, and the evaluation counts that as right.',
    severity: 'warning',
    kinds: ['qa', 'sft', 'preference'],
  },
  function* ({ number, view }) {
    const [answer] = view.answers;
    const wanted = answer ? fold(answer.text) : '';
    if (!answer || wanted === '') return;
    const { question } = view;
    const asked = question.replace(parseSftPrompt(question)?.context ?? '', '');
    const marked = asked.length < 20_000 && markedAnswer(asked, wanted);
    const found = {
      row: number,
      advice: 'Ask without the answer, or drop the row.',
      fix: { kind: 'drop-row' },
    } as const;
    if (marked) yield { ...found, severity: 'error', message: `The prompt gives the answer away: “${marked}”.` };
    else if (view.contexts.length > 0 && long(wanted) && !CHOICE.test(question) && fold(question).includes(wanted)) {
      yield { ...found, message: `The question already says the answer: “${answer.text.trim().slice(0, 60)}”.` };
    }
  },
);

const long = (folded: string): boolean =>
  folded.length >= (isIdeograph(folded.charCodeAt(0)) ? FEWEST.ideographs : FEWEST.letters);

/** “Answer: …” with the very answer after it. */
function markedAnswer(asked: string, wanted: string): string | undefined {
  for (const found of asked.matchAll(MARK)) {
    const after = asked.slice(found.index + found[0].length, found.index + found[0].length + wanted.length * 3 + 20);
    if (fold(after).startsWith(wanted)) return `${found[0]}${after.slice(0, 40)}`.trim();
  }
  return undefined;
}
