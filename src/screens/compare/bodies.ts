import type { ColumnRun, CompareState, CompareStore } from '../../../stores/compare.ts';
import type { Marks } from '../../../stores/compare-view.ts';
import { type StreamBuffer, textSince } from '../../../stores/stream-buffer.ts';
import { sanitize } from '../../platform/sanitize.ts';
import { createStreamModel, type HighlightRange, type StreamModel } from '../../ui/stream-model.ts';
import { type Copied, copiedOf } from './copied.ts';
import { diffText, newRanges } from './differences.ts';
import { passagesText } from './passages.ts';

/** What a column shows in its body: a text to scroll, and what is lit in it. */
export interface ColumnBody {
  readonly stream: StreamModel;
  readonly marks: readonly HighlightRange[];
}

/** The texts of the columns, by slot: each is made anew only when what it is made from changed. */
export interface ColumnBodies {
  readonly body: (id: number) => ColumnBody;
  /** Of the finished answer: what stands word for word in its passages. */
  readonly copied: (id: number) => Copied | null;
}

/** What a column has said so far. Pure. */
export const saidBy = (run: ColumnRun | undefined): string =>
  run?.result?.answer?.answer ?? run?.result?.partial ?? run?.buffer.text ?? '';

/** What it thought before it said it. Pure. */
export const thoughtBy = (run: ColumnRun | undefined): string =>
  run?.result?.answer?.reasoning ?? run?.buffer.reasoning ?? '';

const NO_MARKS: readonly HighlightRange[] = [];

interface Kept {
  readonly answer: StreamModel;
  readonly diff: StreamModel;
  readonly passages: StreamModel;
  /** What of the buffer is in the stream already. */
  taken: { buffer: StreamBuffer | null; text: number; thoughts: number; whole: ColumnRun['result']; shows: boolean };
  /** Where the answer begins in its stream, behind thoughts. */
  start: number;
  readonly copied: Memo<Copied>;
  readonly copiedMarks: Memo<readonly HighlightRange[]>;
  readonly newMarks: Memo<readonly HighlightRange[]>;
  readonly passagesOf: Memo<ReturnType<typeof passagesText>>;
  readonly diffOf: Memo<ReturnType<typeof diffText>>;
}

/** Gives what `make` made, again only when one of `of` is another than last time. */
type Memo<T> = (of: readonly unknown[], make: () => T) => T;

function createMemo<T>(): Memo<T> {
  let known: { readonly of: readonly unknown[]; readonly value: T } | undefined;
  return (of, make) => {
    if (!known?.of.every((each, at) => each === of[at])) known = { of, value: make() };
    return known.value;
  };
}

export function createColumnBodies(compare: CompareStore): ColumnBodies {
  const kept = new Map<number, Kept>();

  const keptOf = (id: number): Kept => {
    const known = kept.get(id);
    if (known) return known;
    const made: Kept = {
      answer: createStreamModel({ follow: true, stepwise: true }),
      diff: createStreamModel(),
      passages: createStreamModel(),
      taken: { buffer: null, text: 0, thoughts: 0, whole: null, shows: false },
      start: 0,
      copied: createMemo(),
      copiedMarks: createMemo(),
      newMarks: createMemo(),
      passagesOf: createMemo(),
      diffOf: createMemo(),
    };
    kept.set(id, made);
    return made;
  };

  const sync = (state: CompareState): void => {
    const there = new Set(state.slots.map(({ id }) => id));
    for (const id of kept.keys()) if (!there.has(id)) kept.delete(id);
    for (const { id } of state.slots) follow(keptOf(id), state.run?.columns.get(id), state.thoughts);
  };
  compare.subscribe((state, before) => {
    if (state.run !== before.run || state.slots !== before.slots || state.thoughts !== before.thoughts) sync(state);
  });

  const copied = (id: number): Copied | null => {
    const answer = compare.getState().run?.columns.get(id)?.result?.answer;
    return answer ? keptOf(id).copied([answer], () => copiedOf(answer)) : null;
  };

  const marksOf = (id: number, state: CompareState): readonly HighlightRange[] => {
    const entry = keptOf(id);
    const own = state.run?.columns.get(id);
    const marks = shownMarks(state);
    if (!own?.result || marks === 'off') return NO_MARKS;
    if (marks === 'copied') {
      const spans = copied(id)?.answer ?? NO_MARKS;
      return entry.copiedMarks([spans, entry.start], () => shifted(spans, entry.start));
    }
    const base = state.run?.columns.get(state.base);
    // Looked for once both answers are whole: while one streams every piece would change what they share.
    if (!base?.result || base === own) return NO_MARKS;
    return entry.newMarks([base.result, own.result, entry.start], () =>
      shifted(newRanges(sanitize(saidBy(base)), sanitize(saidBy(own))), entry.start),
    );
  };

  return {
    copied,
    body: (id) => {
      const state = compare.getState();
      const entry = keptOf(id);
      const own = state.run?.columns.get(id);
      const base = state.run?.columns.get(state.base);
      if (state.body === 'passages') {
        const hidden = state.blind === 'hidden';
        const { text, marks } = entry.passagesOf([own?.search, base?.search, own?.result, state.base, hidden], () =>
          passagesText(
            own?.search?.hits ?? [],
            own === base || hidden ? undefined : base?.search?.hits,
            copied(id),
            placeOf(state),
            hidden ? '' : state.run?.passage,
          ),
        );
        entry.passages.set(text);
        return { stream: entry.passages, marks };
      }
      if (shownMarks(state) === 'diff' && own?.result && base?.result && own !== base) {
        const { text, marks } = entry.diffOf([base.result, own.result], () =>
          diffText(sanitize(saidBy(base)), sanitize(saidBy(own))),
        );
        entry.diff.set(text);
        return { stream: entry.diff, marks };
      }
      return { stream: entry.answer, marks: marksOf(id, state) };
    },
  };
}

/** Differences from the base would tell which of hidden columns that is. Pure. */
export const shownMarks = ({ marks, blind }: CompareState): Marks =>
  blind === 'hidden' && (marks === 'new' || marks === 'diff') ? 'off' : marks;

/** Place of the base column, from 1. */
const placeOf = ({ slots, base }: CompareState): number =>
  Math.max(
    0,
    slots.findIndex(({ id }) => id === base),
  ) + 1;

const shifted = (ranges: readonly HighlightRange[], by: number): readonly HighlightRange[] =>
  by === 0 ? ranges : ranges.map((range) => ({ ...range, start: range.start + by, end: range.end + by }));

/**
 * Takes into the stream what came since the last time; a finished answer is taken whole, so that an escape sequence cut
 * between two pieces is gone too. Thoughts stand before the answer while there is none, and after it on demand.
 */
function follow(entry: Kept, run: ColumnRun | undefined, thoughts: boolean): void {
  const { taken, answer } = entry;
  const shows = thoughts || (run !== undefined && run.result === null && run.buffer.text === '');
  if (!run) {
    answer.set('');
    entry.taken = { buffer: null, text: 0, thoughts: 0, whole: null, shows };
    return;
  }
  const { buffer, result } = run;
  const fresh = taken.buffer !== buffer || taken.shows !== shows || (result !== null && taken.whole !== result);
  if (fresh) {
    const before = shows && thoughtBy(run) ? `${sanitize(thoughtBy(run)).trimEnd()}\n\n` : '';
    entry.start = before.length;
    const text = before + sanitize(saidBy(run));
    // Whoever was not there while it came begins at its beginning.
    if (result !== null && taken.buffer !== buffer) answer.set(text, 0);
    else answer.set(text);
    entry.taken = { buffer, text: buffer.text.length, thoughts: buffer.reasoning.length, whole: result, shows };
    return;
  }
  if (shows && buffer.reasoning.length > taken.thoughts && buffer.text === '') {
    // While it thinks its thoughts are all there is.
    answer.set(sanitize(buffer.reasoning));
    entry.start = answer.text().length;
    taken.thoughts = buffer.reasoning.length;
  }
  if (buffer.text.length > taken.text) {
    answer.append(sanitize(textSince(buffer, taken.text)));
    taken.text = buffer.text.length;
  }
}
