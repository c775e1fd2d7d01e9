import { expect, test } from 'vitest';
import { splitMarkdown } from '../../../src/kb/splitters/markdown.ts';

const DOCUMENT = `Preface.

# Handbook

## Opening *hours*

We open at nine.

\`\`\`sh
# no heading
open --all
\`\`\`

### Winter

From December on at ten.

Telescopes
----------

The big one.

# [Contact](mail.md)

Write to us.
`;

test('chunks follow the headings and carry their path', () => {
  expect(splitMarkdown(DOCUMENT, 1200).map(({ title, text }) => [title, text])).toEqual([
    ['', 'Preface.'],
    [
      'Handbook › Opening hours',
      '# Handbook\n\n## Opening *hours*\n\nWe open at nine.\n\n```sh\n# no heading\nopen --all\n```',
    ],
    ['Handbook › Opening hours › Winter', '### Winter\n\nFrom December on at ten.'],
    ['Handbook › Telescopes', 'Telescopes\n----------\n\nThe big one.'],
    ['Contact', '# [Contact](mail.md)\n\nWrite to us.'],
  ]);
});

test('a long section is cut between sentences, code is not', () => {
  const code = `\`\`\`\n${'x = 1\n'.repeat(10)}\`\`\``;
  const text = `# T\n\nOne sentence here. Another one there.\n\n${code}\n\nThe end.`;
  expect(splitMarkdown(text, 80).map((chunk) => chunk.text)).toEqual([
    '# T\n\nOne sentence here. Another one there.',
    code,
    'The end.',
  ]);
});

test('code longer than the size is cut at its lines', () => {
  const chunks = splitMarkdown(`~~~\n${'y = 22\n'.repeat(20)}~~~`, 50);
  expect(chunks.length).toBeGreaterThan(2);
  expect(chunks.every(({ text }) => /^(~~~|y = 22)/.test(text) && /(~~~|22)$/.test(text))).toBe(true);
});

test('front matter, lists and tables make no headings', () => {
  const text = '---\ntitle: A\n---\n\n- item\n---\n\n| a | b |\n|---|---|\n';
  expect(splitMarkdown(text, 1000).map(({ title }) => title)).toEqual(['']);
});
