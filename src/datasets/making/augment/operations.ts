import type { NumpyRng } from '../../numpy-rng.ts';
import type { Operation } from '../types.ts';
import { CONFUSED, KEYBOARD } from './confusions.ts';
import { shuffleJson } from './json-levels.ts';
import { changeSome } from './protect.ts';
import type { Damage, Input, OperationContext } from './types.ts';

/** One typo in so many characters, at least one, at most `MOST_TYPOS`. */
const CHARACTERS_PER_TYPO = 60;
const MOST_TYPOS = 12;
const MOST_DISTRACTORS = 3;

/** What each operation does. None of them changes a digit's value, a name that is kept, or the target. */
export const DAMAGES: Readonly<Record<Operation, Damage>> = {
  'drop-quotes': ({ context, question }, { kept, rng }) =>
    onText({ context, question }, 'quotation marks', (text) =>
      changeSome(
        text,
        kept,
        /["“”„«»「」『』]/g,
        (places) => share(places, rng, 0.7),
        () => '',
      ),
    ),
  'shuffle-json': ({ context, question }, { rng }) => {
    const shuffled = shuffleJson(context, rng);
    return shuffled && { input: { context: shuffled.text, question }, detail: shuffled.detail };
  },
  typos: ({ context, question }, { kept, rng }) =>
    onText({ context, question }, 'letters', (text) => {
      const wanted = Math.min(MOST_TYPOS, Math.max(1, Math.round(text.length / CHARACTERS_PER_TYPO)));
      return changeSome(
        text,
        kept,
        MISTAKABLE,
        (places) => some(places, wanted, rng),
        (found) => mistake(found, rng),
      );
    }),
  width: ({ context, question }, { kept, rng }) =>
    onText({ context, question }, 'runs of another width', (text) =>
      changeSome(text, kept, widthsOf(text), (places) => share(places, rng, 0.3), otherWidth),
    ),
  distractors: ({ context, question }, { asks, rng, otherPassage }) => {
    if (!asks) return undefined;
    const others = passages(1 + rng.upTo(MOST_DISTRACTORS - 1), otherPassage);
    if (others.length === 0) return undefined;
    const at = rng.upTo(others.length);
    const all = [...others.slice(0, at), context, ...others.slice(at)];
    return {
      input: { context: all.join('\n'), question },
      detail: `${others.length} passages of other rows, the right one is number ${at + 1}`,
    };
  },
  'no-answer': ({ question }, { asks, otherPassage }) => {
    if (!asks) return undefined;
    const [other] = passages(1, otherPassage);
    return other === undefined
      ? undefined
      : { input: { context: other, question }, detail: 'the passage of another row', unanswerable: true };
  },
};

/** The context, or the question where it is the context that has nothing to damage. */
function onText(
  { context, question }: Input,
  what: string,
  change: (text: string) => { text: string; changed: number } | undefined,
): ReturnType<Damage> {
  const inContext = change(context);
  if (inContext) return { input: { context: inContext.text, question }, detail: `${inContext.changed} ${what}` };
  const inQuestion = change(question);
  return (
    inQuestion && {
      input: { context, question: inQuestion.text },
      detail: `${inQuestion.changed} ${what} of the question`,
    }
  );
}

function passages(count: number, otherPassage: OperationContext['otherPassage']): string[] {
  const found = new Set<string>();
  for (let tries = 0; found.size < count && tries < 4 * count; tries += 1) {
    const one = otherPassage();
    if (one !== undefined) found.add(one);
  }
  return [...found];
}

/** `count` of `places` numbers. */
function some(places: number, count: number, rng: NumpyRng): ReadonlySet<number> {
  return new Set(rng.permutation(places).slice(0, count));
}

/** That share of the places, at least one. */
const share = (places: number, rng: NumpyRng, part: number): ReadonlySet<number> =>
  some(places, Math.max(1, Math.round(places * part)), rng);

/** Words of Latin letters that are long enough to stay readable, and characters that are in a group of confusions. */
const MISTAKABLE = new RegExp(`\\b[a-z]{4,}\\b|[${[...CONFUSED.keys()].join('')}]`, 'gi');

function mistake(found: string, rng: NumpyRng): string {
  const confused = CONFUSED.get(found);
  if (confused) return confused[rng.upTo(confused.length - 1)] ?? found;
  // The first letter stays: people rarely miss it.
  const at = 1 + rng.upTo(found.length - 2);
  const [before, letter, after] = [found.slice(0, at), found[at] ?? '', found.slice(at + 1)];
  switch (rng.upTo(3)) {
    case 0:
      return `${before}${after}`;
    case 1:
      return `${before}${after.slice(0, 1)}${letter}${after.slice(1)}`;
    case 2:
      return `${before}${letter}${letter}${after}`;
    default: {
      const keys = KEYBOARD.get(letter.toLowerCase()) ?? [];
      const key = keys[rng.upTo(Math.max(0, keys.length - 1))] ?? letter;
      return `${before}${letter === letter.toLowerCase() ? key : key.toUpperCase()}${after}`;
    }
  }
}

/** Runs that an input method writes at another width: numbers and signs, and Latin words where the text is Chinese. */
const WIDTHS = /[0-9]+|[０-９]+|[,;:?!()%]|[，；：？！（）％]/g;
const WIDTHS_IN_HAN = /[0-9]+|[０-９]+|[A-Za-z]+|[Ａ-Ｚａ-ｚ]+|[,;:?!()%]|[，；：？！（）％]/g;
const WIDE_OFFSET = 0xfee0;

const widthsOf = (text: string): RegExp => (/\p{Script=Han}/u.test(text) ? WIDTHS_IN_HAN : WIDTHS);

function otherWidth(found: string): string {
  const by = found.charCodeAt(0) < 0x80 ? WIDE_OFFSET : -WIDE_OFFSET;
  return found.replace(/[\s\S]/g, (char) => String.fromCharCode(char.charCodeAt(0) + by));
}
