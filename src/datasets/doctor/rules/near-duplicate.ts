import { viewOf } from '../row-view.ts';
import type { Found, Item, Rule, RuleContext } from '../rule.ts';
import { ALL_KINDS } from '../rule.ts';
import { withinEdits } from '../text/edits.ts';
import { fold } from '../text/fold.ts';
import { hashFolded } from '../text/hash.ts';
import { signatureOf } from '../text/minhash.ts';
import { jaccard, NEARLY_SAME, shingleHashes } from '../text/shingles.ts';
import { Signatures } from '../text/signatures.ts';

/** Share of a question's characters that may differ. */
const MOST_EDITS_SHARE = 0.15;
const SHORTEST_QUESTION = 6;
/** Characters of questions kept to compare with, and what keeping one costs beside; the oldest contexts go. */
const KEPT_CHARS = 20_000_000;
const COST = 100;
const KEPT_OF_ONE_CONTEXT = 64;
const FEWEST_SHINGLES = 5;

/** Rows that ask the same in other words, or conversations that hardly differ. */
export const nearDuplicate: Rule = {
  id: 'near-duplicate',
  version: 1,
  title: 'Nearly the same rows',
  why: 'Rows that differ in a word count nearly double in training, and one of them in the test part is a question that was seen.',
  severity: 'info',
  kinds: ALL_KINDS,
  start(context) {
    const questions = new QuestionsByContext();
    const signatures = new Signatures();
    return {
      *row(item) {
        // With a context, rows are compared within it; without one, by MinHash over all they say.
        const free = item.view.contexts.length === 0;
        const shingles = free ? shingleHashes(allText(item.view)) : [];
        signatures.add(shingles.length < FEWEST_SHINGLES ? undefined : signatureOf(shingles));
        if (!free) yield* questions.add(item);
      },
      *end() {
        yield* nearRows(context, signatures);
      },
    };
  },
};

const allText = (view: Item['view']): string =>
  view.fields
    .filter(({ role }) => role !== 'system' && role !== 'negative')
    .map(({ text }) => text)
    .join('\n');

interface Asked {
  readonly row: number;
  readonly question: string;
  readonly answer: number;
}

/** Questions of the contexts seen last, to compare those of one context with each other. */
class QuestionsByContext {
  private readonly byContext = new Map<number, Asked[]>();
  private chars = 0;

  *add({ number, view }: Item): Generator<Found> {
    const question = fold(view.question);
    const key = hashFolded(view.contexts[0] ?? '');
    const answer = hashFolded(view.answers[0]?.text ?? '');
    if (question.length < SHORTEST_QUESTION) return;
    const known = this.byContext.get(key) ?? [];
    const twin = known.find((other) => other.answer === answer && nearlyEqual(other.question, question));
    if (twin) {
      yield {
        row: number,
        other: { row: twin.row },
        message: `It asks nearly the same as row ${twin.row} about the same context, with the same answer.`,
        advice: 'Drop it unless both are wanted.',
        fix: { kind: 'drop-row' },
      };
    }
    this.keep(key, known, { row: number, question, answer });
  }

  private keep(key: number, known: Asked[], asked: Asked): void {
    if (known.length >= KEPT_OF_ONE_CONTEXT) return;
    known.push(asked);
    this.chars += asked.question.length + COST;
    // The context moves to the young end.
    this.byContext.delete(key);
    this.byContext.set(key, known);
    for (const [oldest, questions] of this.byContext) {
      if (this.chars <= KEPT_CHARS) break;
      this.byContext.delete(oldest);
      this.chars -= questions.reduce((sum, one) => sum + one.question.length + COST, 0);
    }
  }
}

/** Not equal (those are duplicates), few edits apart, and with the same numbers in them. */
function nearlyEqual(a: string, b: string): boolean {
  if (a === b || numbersOf(a) !== numbersOf(b)) return false;
  return withinEdits(a, b, Math.floor(Math.max(a.length, b.length) * MOST_EDITS_SHARE));
}

const numbersOf = (folded: string): string => (folded.match(/\d+/g) ?? []).join(' ');

function* nearRows({ dataset, index }: RuleContext, signatures: Signatures): Generator<Found> {
  const told = new Set<number>();
  const shinglesOf = (row: number) => new Set(shingleHashes(allText(viewOf(dataset.row(row)))));
  for (const [earlier, later] of signatures.pairs()) {
    // Equal but for form: the rules for duplicates say so.
    const same =
      index.questions.at(earlier) === index.questions.at(later) &&
      index.answers.at(earlier) === index.answers.at(later);
    if (same || told.has(later)) continue;
    const [a, b] = [viewOf(dataset.row(earlier)), viewOf(dataset.row(later))];
    if (numbersOf(fold(a.question)) !== numbersOf(fold(b.question))) continue;
    const similarity = jaccard(shinglesOf(earlier), shinglesOf(later));
    if (similarity < NEARLY_SAME) continue;
    told.add(later);
    yield {
      row: later,
      other: { row: earlier },
      message: `It is nearly the same as row ${earlier}: ${Math.round(similarity * 100)} % of its word sequences are the same.`,
      advice: 'Drop it unless both are wanted.',
      fix: { kind: 'drop-row' },
    };
  }
}
