import { ALL_KINDS, rowRule } from '../rule.ts';

const ENTITY = /&(amp|lt|gt|quot|apos|nbsp|#39|#x27|ldquo|rdquo|lsquo|rsquo|mdash|ndash|hellip);/g;
const CHARACTERS: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#39': "'",
  '#x27': "'",
  nbsp: ' ',
  ldquo: '“',
  rdquo: '”',
  lsquo: '‘',
  rsquo: '’',
  mdash: '—',
  ndash: '–',
  hellip: '…',
};
const BREAK = /\s*<br\s*\/?>\s*/gi;

/** HTML that was never turned into text. */
export const leftoverMarkup = rowRule(
  {
    id: 'leftover-markup',
    version: 1,
    title: 'HTML left in the text',
    why: 'The model learns to answer in HTML entities, and an answer with “&amp;” is never matched by one with “&”.',
    severity: 'warning',
    kinds: ALL_KINDS,
  },
  function* ({ number, view }) {
    for (const { path, name, text } of view.fields) {
      const found = [...(text.match(ENTITY) ?? []), ...(text.match(BREAK) ?? [])];
      const [first] = found;
      if (first === undefined) continue;
      yield {
        row: number,
        message: `The ${name} holds ${found.length} ${found.length === 1 ? 'piece' : 'pieces'} of HTML, as “${first.trim()}”.`,
        advice: 'Put the characters that are meant.',
        fix: {
          kind: 'set',
          path,
          from: text,
          to: text.replace(BREAK, '\n').replace(ENTITY, (_, entity: string) => CHARACTERS[entity] ?? ''),
        },
      };
    }
  },
);
