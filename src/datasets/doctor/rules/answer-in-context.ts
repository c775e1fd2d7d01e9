import type { Found, Item, Rule, RuleContext } from '../rule.ts';
import { rowRule } from '../rule.ts';
import { editBetween, nearestSpan } from '../text/nearest-span.ts';

const shared = { kinds: ['qa', 'sft'], version: 2 } as const satisfies Partial<Rule>;

/** Answers that their context does not have, nor anything like them. */
export const answerNotInContext: Rule = {
  ...shared,
  id: 'answer-not-in-context',
  title: 'Answer not in its context',
  why: 'Where answers are quoted from the context, one that is not there teaches the model to make things up, and no output can score as verbatim.',
  severity: 'error',
  start(context) {
    return {
      *row(item) {
        for (const one of missing(item, context)) if (!one.span) yield notThere(item, one);
      },
      *end() {
        if (context.traits.extractive !== false) return;
        yield {
          row: null,
          severity: 'info',
          message:
            'Most answers are written freely, not quoted from their context: whether they stand there is not checked row by row.',
        };
      },
    };
  },
};

function notThere(item: Item, { path, name, text, first }: Missing): Found {
  return {
    row: item.number,
    severity: first ? 'error' : 'warning',
    message: `The ${name} is not in the context, nor anything close to it: “${short(text)}”.`,
    ...(first
      ? { advice: 'Correct it by hand, or drop the row.', fix: { kind: 'drop-row' } }
      : droppedAnswer(item, path)),
  };
}

/** Answers that the context has almost: other spaces, width, punctuation, or a letter. */
export const answerNearMiss = rowRule(
  {
    ...shared,
    id: 'answer-near-miss',
    title: 'Answer differs a little from its context',
    why: 'Full-width digits, a lost space or another quotation mark make a quoted answer one that cannot be quoted: exact match then fails on a right output.',
    severity: 'warning',
  },
  function* (item, context) {
    for (const { path, name, text, span } of missing(item, context)) {
      if (!span) continue;
      yield {
        row: item.number,
        message: `The ${name} is not in the context, but “${short(span.text)}” is: ${editBetween(text, span.text)}.`,
        advice: 'Take the words of the context.',
        fix: { kind: 'set', path, from: text, to: span.text },
      };
    }
  },
);

interface Missing {
  readonly path: string;
  readonly name: string;
  readonly text: string;
  readonly first: boolean;
  readonly span: { readonly text: string } | undefined;
}

const remembered = new WeakMap<Item, readonly Missing[]>();

/** The answers that do not stand in the context, for datasets whose answers usually do. Both rules ask: it is kept. */
function missing(item: Item, { traits }: RuleContext): readonly Missing[] {
  const [context] = item.view.contexts;
  // A refusal, as the augmentation writes it where it took the answer away, is meant to stand nowhere.
  const refused = 'metadata' in item.row && item.row.metadata['answerable'] === false;
  if (!traits.extractive || context === undefined || refused) return [];
  const known = remembered.get(item);
  if (known) return known;
  const found = item.view.answers.flatMap(({ path, name, text }, at): Missing[] => {
    const wanted = text.trim();
    if (wanted === '' || context.includes(wanted)) return [];
    return [{ path, name, text, first: at === 0, span: nearestSpan(context, wanted) }];
  });
  remembered.set(item, found);
  return found;
}

function droppedAnswer({ row }: Item, path: string): Pick<Found, 'advice' | 'fix'> {
  if (!('answers' in row)) return { advice: 'Correct it by hand, or drop the row.', fix: { kind: 'drop-row' } };
  const at = Number(path.split('.')[1]);
  return {
    advice: 'Drop this answer; the others stay.',
    fix: { kind: 'set', path: 'answers', from: row.answers, to: row.answers.filter((_, index) => index !== at) },
  };
}

const short = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);
