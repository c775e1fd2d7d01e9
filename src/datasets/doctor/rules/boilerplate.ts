import type { Field } from '../row-view.ts';
import { ALL_KINDS, type Found, type Item, type Rule } from '../rule.ts';
import { fold } from '../text/fold.ts';

type Pattern = readonly [what: string, pattern: RegExp];

/** In answers: what assistants say instead of answering. */
const REFUSALS: readonly Pattern[] = [
  [
    'a phrase of an assistant, not an answer',
    /^\W*(?:as an? (?:ai|artificial intelligence|large language)\b|i(?:'|’)?m sorry,? (?:but|i) |i cannot (?:assist|help|answer) |sure[,!] here(?:'|’)?s|certainly[,!] here)/i,
  ],
  [
    'a phrase of an assistant, not an answer',
    /^(?:作为一[个名款]?(?:AI|人工智能|大?语言模型|智能助手)|抱歉，?我(?:无法|不能)|很抱歉，|对不起，我(?:无法|不能))/i,
  ],
];
/** In answers: what stands where something should still be put. */
const PLACEHOLDERS: readonly Pattern[] = [
  [
    'a placeholder',
    /^\s*(?:n\/?a|null|nan|none|undefined|todo|tbd|fixme|xxx+|\?+|-+|\.{2,}|…+|同上|见上|略|待补充|暂无)\s*[.。]?\s*$/i,
  ],
];
/** In questions, prompts and answers: a template that was not filled in. `{{KEY_START}}` and its kin are markers of ours. */
const TEMPLATES: readonly Pattern[] = [
  [
    'a template that was not filled in',
    /\{\{\s*(?![A-Z_]*_(?:START|END)\b)[\w.]+\s*\}\}|\{(?:context|question|query|answer|input|output|text)\}|<\/?(?:context|question|answer) here>|\[(?:insert|your)\b[^\]]*\]|lorem ipsum/i,
  ],
];
/** In contexts: what stands around the text of a web page. */
const WEB: readonly Pattern[] = [
  [
    'words of a web page, not of the text',
    /(?:accept (?:all )?cookies|subscribe to our newsletter|click here to|all rights reserved|点击(?:查看|阅读)(?:更多|全文|原文)|版权所有|责任编辑[:：]|转载请注明|扫描二维码)/i,
  ],
];

const PATTERNS: Readonly<Partial<Record<Field['role'], readonly Pattern[]>>> = {
  answer: [...REFUSALS, ...PLACEHOLDERS, ...TEMPLATES],
  rejected: TEMPLATES,
  question: TEMPLATES,
  prompt: TEMPLATES,
  context: WEB,
  passage: WEB,
};
const GRAVE = new Set(['answer', 'question', 'prompt', 'rejected']);

/** How answers may begin alike without being suspicious, and what is counted of a beginning. */
const OPENING = { units: 10, share: 0.3, rows: 30, kept: 50_000 };

/** Text that is not about anything: refusals, placeholders, templates left empty, the frame of a web page. */
export const boilerplate: Rule = {
  id: 'boilerplate',
  version: 1,
  title: 'Boilerplate',
  why: 'Refusals, placeholders and the frame of web pages are learnt as readily as answers, and repeated openings take the place of content.',
  severity: 'warning',
  kinds: ALL_KINDS,
  start() {
    const openings = new Map<string, number>();
    let answers = 0;
    return {
      *row(item) {
        yield* inRow(item);
        const [first] = item.view.answers;
        const opening = first ? fold(first.text.slice(0, 60)).slice(0, OPENING.units) : '';
        if (opening.length < OPENING.units) return;
        answers++;
        const times = openings.get(opening);
        if (times !== undefined) openings.set(opening, times + 1);
        else if (openings.size < OPENING.kept) openings.set(opening, 1);
      },
      *end() {
        const [top] = [...openings].sort(([, a], [, b]) => b - a);
        if (!top || answers < OPENING.rows || top[1] < OPENING.share * answers) return;
        const [opening, times] = top;
        yield {
          row: null,
          severity: 'info',
          message: `${times.toLocaleString('en')} of ${answers.toLocaleString('en')} longer answers begin alike (“${opening}…”, without spaces).`,
          advice: 'If it is a phrase, cut it: the model learns it first.',
        };
      },
    };
  },
};

function* inRow({ number, view }: Item): Generator<Found> {
  for (const { role, name, text } of view.fields) {
    for (const [what, pattern] of PATTERNS[role] ?? []) {
      const found = pattern.exec(text)?.[0].trim();
      if (found === undefined || found === '') continue;
      const grave = GRAVE.has(role);
      yield {
        row: number,
        severity: grave ? 'warning' : 'info',
        message: `The ${name} holds ${what}: “${found.slice(0, 60)}”.`,
        advice: grave ? 'Drop the row, or write what is meant.' : 'Cut it from the source, or drop the row.',
        fix: { kind: 'drop-row' },
      };
      break;
    }
  }
}
