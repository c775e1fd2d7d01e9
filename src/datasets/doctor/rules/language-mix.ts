import { ALL_KINDS, rowRule } from '../rule.ts';
import { LANGUAGE_NAMES, languageOf } from '../text/script.ts';

/** Rows in another writing than the others, or asked in another one than their context. */
export const languageMix = rowRule(
  {
    id: 'language-mix',
    version: 1,
    title: 'Another language than the rest',
    why: 'A few rows in another language pull an embedder and a fine-tune away from the language that is asked in; mostly they came in by mistake.',
    severity: 'info',
    kinds: ALL_KINDS,
  },
  function* ({ number, view }, { traits }) {
    const asked = languageOf(view.question);
    if (asked === 'none') return;
    const context = languageOf(view.contexts[0] ?? '');
    if (traits.sameLanguage && context !== 'none' && asked !== context) {
      const message = `The question is in ${LANGUAGE_NAMES[asked]}, its context in ${LANGUAGE_NAMES[context]}; elsewhere they are the same.`;
      yield { row: number, message, advice: 'Drop the row unless it is meant.', fix: { kind: 'drop-row' } };
    } else if (traits.oneLanguage && asked !== traits.language && traits.language !== 'none') {
      const message = `The question is in ${LANGUAGE_NAMES[asked]}, most are in ${LANGUAGE_NAMES[traits.language]}.`;
      yield { row: number, message, advice: 'Drop the row unless it is meant.', fix: { kind: 'drop-row' } };
    }
  },
);
