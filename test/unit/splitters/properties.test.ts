import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultNodeGroups, parseGroupSpec } from '../../../src/kb/splitters/groups.ts';
import { splitDocument } from '../../../src/kb/splitters/registry.ts';
import type { NodeGroup } from '../../../src/kb/types.ts';

const pieces = fc.constantFrom(
  ...['。', '！', '“', '”', '. ', '? ', '\n', '\n\n', ' ', '\t', '# ', '## T\n', '```\n', '---\n', '\u3000', '\r', '…'],
  ...[
    '茶',
    '水开了',
    'tea',
    'Dr',
    '3.5',
    'e.g',
    '🍵',
    '👨‍👩‍👧',
    'é',
    'e\u0301',
    'x'.repeat(40),
    ';',
    ',',
    '(',
    ')',
    '\u0000',
    '\ufeff',
  ],
);
const texts = fc.oneof(
  fc.array(pieces, { maxLength: 120 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 200 }),
);
const words = (text: string): number => text.match(/\p{L}+|[^\s\p{L}]/gu)?.length ?? 0;

const groups: NodeGroup[] = [
  ...defaultNodeGroups('m'),
  ...['sentence:1', 'sentence:30', 'token:8:0', 'token:8:7', 'token:20:5', 'markdown:2', 'markdown:40'].map((spec) =>
    parseGroupSpec(spec, 'm'),
  ),
];

describe.each(groups.map((group) => [group.name, group] as const))('%s', (_name, group) => {
  test('spans are exact, in order, cover every visible character and cut no character in two', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const chunks = splitDocument(text, group, { countTokens: words });
        let covered = 0;
        let lastStart = -1;
        chunks.forEach((chunk, i) => {
          expect(chunk.ordinal).toBe(i);
          expect(chunk.text).toBe(text.slice(chunk.start, chunk.end));
          expect(chunk.text.trim()).not.toBe('');
          expect(/\p{Cs}/u.test(chunk.text)).toBe(false);
          expect(chunk.start).toBeGreaterThan(lastStart);
          expect(chunk.end).toBeGreaterThan(covered);
          if (chunk.start > covered) expect(text.slice(covered, chunk.start).trim()).toBe('');
          if (group.splitter !== 'token') expect(chunk.start).toBeGreaterThanOrEqual(covered);
          lastStart = chunk.start;
          covered = chunk.end;
        });
        expect(text.slice(covered).trim()).toBe('');
      }),
      { numRuns: 150 },
    );
  });

  test('chunks keep to the size and the overlap', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const chunks = splitDocument(text, group, { countTokens: words });
        chunks.forEach((chunk, i) => {
          if (group.splitter === 'token') {
            // An atom of several tokens (an emoji with its joiners is several atoms) may be larger than the size alone.
            expect(words(chunk.text)).toBeLessThanOrEqual(group.size);
            const previous = chunks[i - 1];
            if (previous && previous.end > chunk.start) {
              expect(words(text.slice(chunk.start, previous.end))).toBeLessThanOrEqual(group.overlap);
            }
          } else if (group.splitter !== 'line') {
            expect(chunk.text.length).toBeLessThanOrEqual(Math.max(2, group.maxChars));
          }
        });
      }),
      { numRuns: 150 },
    );
  });
});
