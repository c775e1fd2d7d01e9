import { RagtuiError } from '../../platform/errors.ts';
import type { ChunkDraft, NodeGroup } from '../types.ts';
import { splitLines } from './line.ts';
import { splitMarkdown } from './markdown.ts';
import { splitSentences } from './sentence.ts';
import { type CountTokens, splitTokens } from './token.ts';

export type { CountTokens } from './token.ts';

/** Raised when a splitter would cut the same text elsewhere: part of the hash that says "split again". */
export const splitterVersion = 'splitters-1';

/**
 * Cuts a document into chunks, in order, spans exact: `chunk.text === text.slice(chunk.start, chunk.end)`.
 * The `token` splitter needs `countTokens` of the tokenizer that the group names.
 */
export function splitDocument(
  text: string,
  group: NodeGroup,
  tools: { readonly countTokens?: CountTokens } = {},
): ChunkDraft[] {
  switch (group.splitter) {
    case 'line':
      return splitLines(text);
    case 'sentence':
      return splitSentences(text, group.maxChars);
    case 'markdown':
      return splitMarkdown(text, group.maxChars);
    case 'token':
      if (!tools.countTokens) {
        throw new RagtuiError(
          'unavailable',
          `Node group ${group.name} counts with the tokenizer of ${group.tokenizer}, which is not loaded.`,
          `Pull it: ragtui models pull ${group.tokenizer}`,
        );
      }
      return splitTokens(text, group.size, group.overlap, tools.countTokens);
  }
}
