import type { Rule } from '../rule.ts';

/** Contexts that are not the same text, but nearly. */
export const nearContext: Rule = {
  id: 'near-context',
  version: 1,
  title: 'Nearly the same contexts',
  why: 'A split by context takes them for two: one may be trained on and the other tested. For an embedder each is a wrong negative of the other.',
  severity: 'info',
  kinds: ['qa', 'sft', 'retrieval', 'preference'],
  start({ index, near }) {
    return {
      *end() {
        const { twinOf } = near();
        for (let context = 0; context < index.contexts; context++) {
          const twin = twinOf(context);
          if (!twin) continue;
          const other = index.contextRows.at(twin.context);
          const share = Math.floor(twin.similarity * 100);
          yield {
            row: index.contextRows.at(context),
            other: { row: other },
            message: `Its context is nearly that of row ${other}: ${share === 100 ? 'the same words' : `${share} % of the word sequences are the same`}.`,
            advice: 'Split with --group near, so that they stay in one part.',
          };
        }
      },
    };
  },
};
