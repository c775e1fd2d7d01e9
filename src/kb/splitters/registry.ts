import { RagtuiError } from '../../platform/errors.ts';
import type { ChunkDraft, NodeGroup } from '../types.ts';
import { splitLines } from './line.ts';

/** Raised when a splitter would cut the same text elsewhere: part of the hash that says "split again". */
export const splitterVersion = 'splitters-1';

/** Number of tokens of a text, without special tokens. */
export type CountTokens = (text: string) => number;

/** Cuts a document into chunks, in order, spans exact: `chunk.text === text.slice(chunk.start, chunk.end)`. */
export function splitDocument(
  text: string,
  group: NodeGroup,
  _tools: { readonly countTokens?: CountTokens } = {},
): ChunkDraft[] {
  switch (group.splitter) {
    case 'line':
      return splitLines(text);
    default:
      throw new RagtuiError('unsupported', `The splitter ${group.splitter} is not built yet.`);
  }
}
