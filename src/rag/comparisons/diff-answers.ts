import { diffArrays } from 'diff';

/** A stretch of a text: UTF-16 offsets, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A stretch of both texts, in order: `same` has both, `removed` only base, `added` only other. */
export interface DiffPart {
  readonly kind: 'same' | 'removed' | 'added';
  readonly base: Span | null;
  readonly other: Span | null;
}

export interface AnswerDiff {
  /** Word for word and sign for sign alike, white space apart. */
  readonly same: boolean;
  /** `word`: exact; `sentence`, `whole`: the texts are so long and so different that more was marked than differs. */
  readonly level: 'word' | 'sentence' | 'whole';
  /** Together every word of both texts, in order. */
  readonly parts: readonly DiffPart[];
  /** What is in base only. */
  readonly removed: readonly Span[];
  /** What is in the other one only. */
  readonly added: readonly Span[];
  /** Share of words that both have in the same order, 0 to 1: 2 · common / (base + other); 1 for two empty texts. */
  readonly similarity: number;
}

/**
 * How many insertions and deletions are looked for (Myers, "An O(ND) Difference Algorithm", 1986: time grows with
 * their square): about 10 ms.
 */
const MOST_EDITS = 400;

/** Scripts that are written without spaces: each character is a word. */
const UNSPACED = String.raw`[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]`;
const TOKEN = new RegExp(
  [
    String.raw`${UNSPACED}\p{M}*`,
    String.raw`[[\p{L}\p{N}\p{M}]--${UNSPACED}]+`,
    String.raw`\p{RI}\p{RI}`,
    String.raw`\p{Extended_Pictographic}(?:[\p{M}\p{Emoji_Modifier}\uFE0F]|\u200D\p{Extended_Pictographic})*`,
    String.raw`\S\p{M}*`,
  ].join('|'),
  'gv',
);

/** One word, one character of an unspaced script, or one sign. */
export interface Token extends Span {
  readonly text: string;
}

/** What a text is compared by. White space separates and is never compared. */
export function tokensOf(text: string): Token[] {
  return Array.from(text.matchAll(TOKEN), ({ 0: token, index }) => ({
    text: token,
    start: index,
    end: index + token.length,
  }));
}

/** Places (from, to) of tokens of both sides. */
interface Run {
  readonly kind: DiffPart['kind'];
  readonly base: readonly [number, number];
  readonly other: readonly [number, number];
}

/**
 * What differs between two answers: by words, by characters where the script has no spaces. Time is bounded: texts that
 * are long and differ in more than some hundred words are compared by sentences first, then as wholes. Pure.
 */
export function diffAnswers(base: string, other: string): AnswerDiff {
  const a = tokensOf(base);
  const b = tokensOf(other);
  const ids = new Map<string, number>();
  const numbers = (tokens: readonly Token[]) => tokens.map(({ text }) => idOf(ids, text));
  const { runs, level } = diffTokens(numbers(a), numbers(b), { a, b, base, other });
  const parts = joined(runs).map(({ kind, base: [a0, a1], other: [b0, b1] }) => ({
    kind,
    base: spanOf(a, a0, a1),
    other: spanOf(b, b0, b1),
  }));
  const common = runs.reduce((sum, run) => sum + (run.kind === 'same' ? run.base[1] - run.base[0] : 0), 0);
  const all = a.length + b.length;
  return {
    same: parts.every(({ kind }) => kind === 'same'),
    level,
    parts,
    removed: parts.flatMap((part) => (part.kind === 'removed' && part.base ? [part.base] : [])),
    added: parts.flatMap((part) => (part.kind === 'added' && part.other ? [part.other] : [])),
    similarity: all === 0 ? 1 : (2 * common) / all,
  };
}

function idOf(ids: Map<string, number>, text: string): number {
  const known = ids.get(text);
  if (known !== undefined) return known;
  ids.set(text, ids.size);
  return ids.size - 1;
}

interface Texts {
  readonly a: readonly Token[];
  readonly b: readonly Token[];
  readonly base: string;
  readonly other: string;
}

function diffTokens(
  a: readonly number[],
  b: readonly number[],
  texts: Texts,
): Pick<AnswerDiff, 'level'> & { runs: Run[] } {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const [a1, b1] = [a.length - tail, b.length - tail];
  const before: Run = { kind: 'same', base: [0, head], other: [0, head] };
  const after: Run = { kind: 'same', base: [a1, a.length], other: [b1, b.length] };
  const fine = editRuns(a, b, [head, a1], [head, b1]).runs;
  if (fine) return { runs: [before, ...fine, after], level: 'word' };
  const coarse = bySentences(a, b, [head, a1], [head, b1], texts);
  const middle = coarse ?? replaced([head, a1], [head, b1]);
  return { runs: [before, ...middle, after], level: coarse ? 'sentence' : 'whole' };
}

interface Script {
  /** Undefined when the script is longer than we looked for. */
  readonly runs: Run[] | undefined;
  /** Steps that it took, about. */
  readonly spent: number;
}

/** The edit script between two stretches. */
function editRuns(
  a: readonly number[],
  b: readonly number[],
  [a0, a1]: readonly [number, number],
  [b0, b1]: readonly [number, number],
  most = MOST_EDITS,
): Script {
  const [x, y] = [a.slice(a0, a1), b.slice(b0, b1)];
  if (fewestEdits(x, y) > most) return { runs: undefined, spent: 0 };
  const changes = diffArrays(x, y, { maxEditLength: most });
  if (!changes) return { runs: undefined, spent: most ** 2 };
  let [i, j] = [a0, b0];
  const runs = changes.map(({ added, removed, count }) => {
    const [da, db] = [added ? 0 : count, removed ? 0 : count];
    const run: Run = {
      kind: added ? 'added' : removed ? 'removed' : 'same',
      base: [i, i + da],
      other: [j, j + db],
    };
    i += da;
    j += db;
    return run;
  });
  return { runs, spent: editsOf(runs) ** 2 };
}

/** No edit script is shorter: what one side has more of than the other. Saves looking where nothing can be found. */
function fewestEdits(a: readonly number[], b: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const id of a) counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const id of b) counts.set(id, (counts.get(id) ?? 0) - 1);
  let edits = 0;
  for (const count of counts.values()) edits += Math.abs(count);
  return edits;
}

/** Whole sentences first; a sentence that was replaced is then compared by words, while there is time for it. */
function bySentences(
  a: readonly number[],
  b: readonly number[],
  [a0, a1]: readonly [number, number],
  [b0, b1]: readonly [number, number],
  texts: Texts,
): Run[] | undefined {
  const x = sentences(texts.a, texts.base, a0, a1);
  const y = sentences(texts.b, texts.other, b0, b1);
  const ids = new Map<string, number>();
  const numbers = (starts: readonly number[], end: number, of: readonly number[]) =>
    starts.map((start, at) => idOf(ids, of.slice(start, starts[at + 1] ?? end).join(' ')));
  const coarse = editRuns(numbers(x, a1, a), numbers(y, b1, b), [0, x.length], [0, y.length]).runs;
  if (!coarse) return undefined;
  const place = (starts: readonly number[], end: number, [from, to]: readonly [number, number]) =>
    [starts[from] ?? end, starts[to] ?? end] as const;
  const runs = coarse.map(
    ({ kind, base, other }): Run => ({ kind, base: place(x, a1, base), other: place(y, b1, other) }),
  );
  return refined(runs, (base, other, most) => editRuns(a, b, base, other, most));
}

/** Sentences that were replaced by others, word by word, as far as the time goes that one long script may take. */
function refined(
  runs: readonly Run[],
  compare: (base: Run['base'], other: Run['other'], most: number) => Script,
): Run[] {
  let left = MOST_EDITS ** 2;
  const result: Run[] = [];
  for (let at = 0; at < runs.length; at += 1) {
    const [run, next] = [runs[at], runs[at + 1]];
    if (!run) continue;
    const most = Math.min(MOST_EDITS, Math.floor(Math.sqrt(left)));
    const pair = run.kind === 'removed' && next?.kind === 'added';
    const { runs: inner, spent } = pair ? compare(run.base, next.other, most) : { runs: undefined, spent: 0 };
    left -= spent;
    result.push(...(inner ?? [run]));
    if (inner) at += 1;
  }
  return result;
}

const editsOf = (runs: readonly Run[]): number =>
  runs.reduce((sum, { kind, base, other }) => sum + (kind === 'same' ? 0 : base[1] - base[0] + other[1] - other[0]), 0);

const SENTENCE_END = /[.!?。！？；]$/u;

/** Where sentences and lines begin among the tokens from `from` to `to`. */
function sentences(tokens: readonly Token[], text: string, from: number, to: number): number[] {
  const starts = from < to ? [from] : [];
  for (let at = from + 1; at < to; at += 1) {
    const [last, token] = [tokens[at - 1], tokens[at]];
    if (!last || !token) continue;
    if (SENTENCE_END.test(last.text) || text.slice(last.end, token.start).includes('\n')) starts.push(at);
  }
  return starts;
}

const replaced = (base: readonly [number, number], other: readonly [number, number]): Run[] => [
  { kind: 'removed', base, other: [other[0], other[0]] },
  { kind: 'added', base: [base[1], base[1]], other },
];

/** Without empty runs, neighbours of one kind as one. */
function joined(runs: readonly Run[]): Run[] {
  const result: Run[] = [];
  for (const run of runs) {
    if (run.base[0] === run.base[1] && run.other[0] === run.other[1]) continue;
    const last = result.at(-1);
    if (last?.kind === run.kind) {
      result[result.length - 1] = {
        kind: run.kind,
        base: [last.base[0], run.base[1]],
        other: [last.other[0], run.other[1]],
      };
    } else result.push(run);
  }
  return result;
}

function spanOf(tokens: readonly Token[], from: number, to: number): Span | null {
  const [first, last] = [tokens[from], tokens[to - 1]];
  return from < to && first && last ? { start: first.start, end: last.end } : null;
}
