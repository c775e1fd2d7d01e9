import { RagtuiError } from '../../platform/errors.ts';
import { type Margin, marginSchema, type NegativeSource, negativeSourceSchema } from '../making/types.ts';

export interface SourceDefaults {
  readonly ranks: readonly [number, number];
  readonly choose: 'sample' | 'top';
}

/**
 * A source as the command line writes it: `random:2`, `bm25:4`, `EMBEDDER:4`, `existing`; with a window of its own
 * `bm25:4@2-50`. Errors: `usage`.
 */
export function parseSource(text: string, defaults: SourceDefaults): NegativeSource {
  if (text === 'existing') return { from: 'existing' };
  const found = /^(.+?):(\d+)(?:@(\d+)-(\d+))?$/.exec(text);
  if (!found) throw wrong(text, 'write NAME:COUNT');
  const [, from = '', count, first, last] = found;
  const window = first === undefined ? defaults.ranks : [Number(first), Number(last)];
  const ranked = { count: Number(count), ranks: window, choose: defaults.choose };
  const source =
    from === 'random'
      ? { from, count: Number(count) }
      : from === 'bm25'
        ? { from, ...ranked }
        : { from: 'embedder', embedder: from, ...ranked };
  const parsed = negativeSourceSchema.safeParse(source);
  if (parsed.success) return parsed.data;
  throw wrong(text, parsed.error.issues[0]?.message ?? 'it cannot be read');
}

/** `2-200`. Errors: `usage`. */
export function parseRanks(text: string): [number, number] {
  const found = /^(\d+)-(\d+)$/.exec(text);
  const [first, last] = [Number(found?.[1]), Number(found?.[2])];
  if (found && first >= 1 && last >= first && last <= 900) return [first, last];
  throw new RagtuiError('usage', `"${text}" is no window of ranks.`, 'Write FIRST-LAST, e.g. 2-200; at most 900.');
}

/** `0.05`: that much below the positive; `95%`: at most that share of its score. Errors: `usage`. */
export function parseMargin(text: string): Margin {
  const share = /^(\d+(?:\.\d+)?)%$/.exec(text);
  const parsed = marginSchema.safeParse(
    share ? { kind: 'share', value: Number(share[1]) / 100 } : { kind: 'absolute', value: Number(text) },
  );
  if (parsed.success && text.trim() !== '') return parsed.data;
  throw new RagtuiError('usage', `"${text}" is no margin.`, 'Write 0.05 (a distance) or 95% (a share of the score).');
}

const wrong = (text: string, why: string): RagtuiError =>
  new RagtuiError(
    'usage',
    `"${text}" is no source of negatives: ${why}.`,
    'Write random:2, bm25:4, EMBEDDER:4, EMBEDDER:4@2-50 or existing.',
  );
