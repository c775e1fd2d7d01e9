import { RagtuiError } from '../../platform/errors.ts';
import { type NodeGroup, nodeGroupSchema } from '../types.ts';

/** One node group of each splitter with its defaults; `tokenizerId` is the catalogue id of the embedder that counts. */
export function defaultNodeGroups(tokenizerId: string): NodeGroup[] {
  return ['line', 'sentence', 'token', 'markdown'].map((spec) => parseGroupSpec(spec, tokenizerId));
}

const FORMS = 'line, sentence[:CHARS], token[:SIZE[:OVERLAP]], markdown[:CHARS]; NAME=… gives it a name of its own';

/**
 * A node group as written on the command line: `line`, `sentence:300`, `token:256:32`, `markdown:1200`, or
 * `small=token:64:8`. Unnamed ones are called as written, with "-" for ":". Errors: usage.
 */
export function parseGroupSpec(spec: string, tokenizerId: string): NodeGroup {
  const [, given, rest] = /^(?:([a-z0-9][a-z0-9_-]*)=)?(.*)$/.exec(spec.trim()) ?? [];
  const [splitter = '', ...sizes] = (rest ?? '').split(':');
  const numbers = sizes.map((size) => (/^\d+$/.test(size) ? Number(size) : Number.NaN));
  const [first, second] = numbers;
  const most: Readonly<Record<string, number>> = { line: 0, sentence: 1, token: 2, markdown: 1 };
  const limit = most[splitter];
  if (limit === undefined) throw wrong(spec, `there is no splitter "${splitter}"`);
  if (numbers.length > limit) throw wrong(spec, `${splitter} takes ${limit === 0 ? 'no size' : `at most ${limit}`}`);
  if (numbers.some(Number.isNaN)) throw wrong(spec, 'sizes are whole numbers');
  const name = given ?? [splitter, ...sizes].join('-');
  const parameters =
    splitter === 'token'
      ? {
          size: first,
          overlap: second ?? (first === undefined ? undefined : Math.floor(first / 8)),
          tokenizer: tokenizerId,
        }
      : { maxChars: first };
  const parsed = nodeGroupSchema.safeParse({ name, splitter, ...parameters });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw wrong(spec, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`);
  }
  const group = parsed.data;
  if (group.splitter === 'token' && group.overlap >= group.size)
    throw wrong(spec, 'the overlap must be below the size');
  return group;
}

function wrong(spec: string, why: string): RagtuiError {
  return new RagtuiError('usage', `"${spec}" is no node group: ${why}.`, `Write ${FORMS}.`);
}
