import type { Field } from '../row-view.ts';
import { ALL_KINDS, type Found, rowRule } from '../rule.ts';
import { repairEncoding } from '../text/mojibake.ts';

/** What is left of text after its bytes were read wrongly twice, or of memory that was never filled. */
const LOST = /锟斤拷|烫烫烫|屯屯屯|ï¿½/;
const ESCAPES = /(?:\\u[0-9a-fA-F]{4}){2,}/g;

/** Text that was read in the wrong encoding, or lost characters on its way. */
export const encodingDamage = rowRule(
  {
    id: 'encoding-damage',
    version: 1,
    title: 'Damaged by a wrong encoding',
    why: 'The model learns to write the damage. It comes from a file that was opened in another encoding than it was written in.',
    severity: 'error',
    kinds: ALL_KINDS,
  },
  function* ({ number, view }) {
    for (const field of view.fields) {
      const found = damageOf(field);
      if (found) yield { row: number, ...found };
    }
  },
);

function damageOf({ path, name, text }: Field): Omit<Found, 'row'> | undefined {
  const lost = text.match(/\ufffd/g)?.length ?? 0;
  if (lost > 0 || LOST.test(text)) {
    const what =
      lost > 0
        ? `${lost} replacement ${lost === 1 ? 'character' : 'characters'} (U+FFFD)`
        : `“${LOST.exec(text)?.[0]}”`;
    return {
      message: `The ${name} holds ${what}: what stood there is lost.`,
      advice: 'Import the original file in its own encoding again, or drop the row.',
      fix: { kind: 'drop-row' },
    };
  }
  const alone = text.match(/\p{Surrogate}/gu)?.length ?? 0;
  if (alone > 0) {
    const fixed = text.replace(/\p{Surrogate}/gu, '');
    return {
      message: `The ${name} holds half a character (a lone surrogate), which no tokenizer can read.`,
      advice: 'Remove it.',
      fix: { kind: 'set', path, from: text, to: fixed },
    };
  }
  const unescaped = text.replace(ESCAPES, (run) =>
    run.replace(/\\u(.{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  );
  const repair = unescaped === text ? repairEncoding(text) : { what: 'written as \\u escapes', text: unescaped };
  if (!repair) return undefined;
  return {
    message: `The ${name} is damaged (${repair.what}): ${excerpt(text, repair.text)}.`,
    advice: 'Put back the text that was meant.',
    fix: { kind: 'set', path, from: text, to: repair.text },
  };
}

/** The first place where both differ. */
function excerpt(from: string, to: string): string {
  let at = 0;
  while (at < to.length && from.charCodeAt(at) === to.charCodeAt(at)) at++;
  return `“${from.slice(at, at + 24)}” was “${to.slice(at, at + 12)}”`;
}
