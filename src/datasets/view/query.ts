import type { DatasetRow } from '../types.ts';
import { rowField } from './row-texts.ts';

/** One condition of a filter; all of them must hold. */
export type Term =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly field: string; readonly text: string; readonly whole: boolean }
  | { readonly kind: 'length'; readonly field: string; readonly more: boolean; readonly characters: number }
  | { readonly kind: 'finding'; readonly rule: string };

/**
 * `tea answer:~foo id:q7 finding:leak context>2000`: words anywhere in the row, `:~` a part of a field, `:` the whole
 * of it, `finding:` the beginning of a rule's name, `>` and `<` characters. Quotes hold words together. Pure.
 */
export function parseQuery(text: string): Term[] {
  return [...text.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)].map(([word]): Term => {
    const plain = word.replaceAll('"', '');
    const [, field = '', mark = '', rest = ''] = /^([A-Za-z]+)(:~|:|>|<)(.*)$/.exec(plain) ?? [];
    if ((mark === '>' || mark === '<') && /^\d+$/.test(rest))
      return { kind: 'length', field, more: mark === '>', characters: Number(rest) };
    if (field === 'finding' && mark !== '' && rest !== '') return { kind: 'finding', rule: rest };
    if ((mark === ':' || mark === ':~') && rest !== '')
      return { kind: 'field', field, text: rest.toLowerCase(), whole: mark === ':' };
    return { kind: 'text', text: plain.toLowerCase() };
  });
}

/** Whether a row answers every term; `found` are the rules that found something in it. Pure. */
export function matchesQuery(row: DatasetRow, terms: readonly Term[], found: readonly string[] = []): boolean {
  return terms.every((term) => holds(row, term, found));
}

function holds(row: DatasetRow, term: Term, found: readonly string[]): boolean {
  switch (term.kind) {
    case 'finding':
      return found.some((rule) => term.rule === 'any' || rule.startsWith(term.rule));
    case 'length': {
      const { length } = [...rowField(row, term.field)];
      return term.more ? length > term.characters : length < term.characters;
    }
    case 'field': {
      const value = rowField(row, term.field).toLowerCase();
      return term.whole ? value === term.text : value.includes(term.text);
    }
    case 'text':
      return JSON.stringify(Object.values(row)).toLowerCase().includes(term.text);
  }
}
