import { describe, expect, test } from 'vitest';
import { preferenceRowSchema } from '../../../../src/datasets/types.ts';
import { changesSince, type Present, repeatedColumns, requestOf } from '../../../../src/rag/comparisons/changes.ts';
import { exportComparison } from '../../../../src/rag/comparisons/export/export.ts';
import { preferencesOf } from '../../../../src/rag/comparisons/preferences.ts';
import {
  type Choice,
  type KeptComparison,
  keptComparisonSchema,
  type Vote,
} from '../../../../src/rag/comparisons/types.ts';
import { sampleColumn, sampleCompared, sampleHit, sampleKept } from '../../../support/comparisons.ts';

const voteFor = (choice: Choice, shown = ['base', 'tuned']): Vote => ({
  comparison: 12,
  at: '2026-11-23T10:00:00.000Z',
  blind: true,
  seed: 1,
  shown,
  choice,
});
const best = (column: string): Choice => ({ kind: 'column', column });

describe('votes as preference data', () => {
  test('one pair for each answer that was shown beside the chosen one, as the dataset kind has it', () => {
    const columns = [
      sampleCompared('base', 'No.'),
      sampleCompared('tuned', 'Edda.\n'),
      sampleCompared('third', 'Maybe.'),
    ];
    const kept = sampleKept({ columns, votes: [voteFor(best('tuned'), ['third', 'tuned', 'base'])] });
    const { rows, skipped } = preferencesOf([kept]);
    expect(rows.map(({ id, chosen, rejected }) => [id, chosen, rejected])).toEqual([
      ['comparison-12-tuned-base', 'Edda.', 'No.'],
      ['comparison-12-tuned-third', 'Edda.', 'Maybe.'],
    ]);
    expect(rows[0]?.messages).toEqual(columns[1]?.answer?.messages);
    expect(rows[0]?.metadata).toMatchObject({ comparison: 12, chosenColumn: 'tuned', blind: true, samePrompt: true });
    for (const row of rows) expect(preferenceRowSchema.safeParse(row).success).toBe(true);
    expect(skipped).toEqual({ undecided: 0, nothingToLearn: 0, otherPrompt: 0 });
  });

  test('not from ties, equal or missing answers; from other messages only if asked', () => {
    const other = { messages: [{ role: 'user' as const, content: 'another context' }] };
    const columns = [
      sampleCompared('base', 'No.', {}, other),
      sampleCompared('tuned', 'Edda.'),
      sampleCompared('same', ' Edda. '),
      sampleCompared('gone', '', { state: 'failed', answer: null, partial: 'half' }),
    ];
    const names = columns.map(({ column }) => column.name);
    const kept = sampleKept({ columns, votes: [voteFor(best('tuned'), names)] });
    const tie = sampleKept({ votes: [voteFor({ kind: 'tie' })] });
    expect(preferencesOf([kept, tie])).toEqual({
      rows: [],
      skipped: { undecided: 1, nothingToLearn: 2, otherPrompt: 1 },
    });
    const mixed = preferencesOf([kept], { mixedPrompts: true });
    expect(mixed.rows).toMatchObject([{ rejected: 'No.', metadata: { samePrompt: false } }]);
    expect(mixed.rows[0]?.messages).toEqual(columns[1]?.answer?.messages);
  });
});

describe('asked again', () => {
  const kept = sampleKept({ passage: 'gold', references: ['a'], source: 'dataset d v-1 row 2' });
  const now: Present = {
    programVersion: kept.programVersion,
    kbState: kept.kbState,
    missingLlms: [],
    missingPrompts: [],
  };

  test('it is the same request', () => {
    expect(requestOf(kept)).toEqual({
      question: kept.question,
      kb: 'notes',
      columns: kept.columns.map(({ column }) => column),
      order: 'rotate',
      passage: 'gold',
      references: ['a'],
      source: 'dataset d v-1 row 2',
    });
    expect(requestOf(sampleKept())).not.toHaveProperty('passage');
  });

  test('nothing changed is nothing said', () => {
    expect(changesSince(kept, now)).toEqual([]);
  });

  const state = { revision: 'r2', documents: 3, embedders: { bge: 'f1', other: 'f2' } };
  test.each<[string, Partial<Present>, string, readonly string[]]>([
    ['an LLM is gone', { missingLlms: ['model-tuned'] }, 'llm', ['tuned']],
    ['a prompt is gone', { missingPrompts: ['default'] }, 'prompt', ['base', 'tuned']],
    ['the program is another', { programVersion: '9' }, 'program', []],
    ['the knowledge base is gone', { kbState: null }, 'kb', ['base', 'tuned']],
    ['the knowledge base was changed', { kbState: state }, 'kb', []],
    [
      'another embedder is active',
      { kbState: { revision: 'r1', documents: 2, embedders: { other: 'f2', bge: 'f1' } } },
      'embedder',
      [],
    ],
    [
      'the embedder was trained again',
      { kbState: { revision: 'r1', documents: 2, embedders: { bge: 'f9', other: 'f2' } } },
      'embedder',
      [],
    ],
  ])('%s', (_what, change, what, breaks) => {
    expect(changesSince(kept, { ...now, ...change })).toMatchObject([{ what, breaks }]);
  });

  test('a column whose embedder the knowledge base no longer has cannot search; others are left in peace', () => {
    const columns = [
      sampleCompared(
        'a',
        'x',
        { column: sampleColumn('a', { embedder: 'other' }) },
        { models: { llm: 'm', embedder: 'other' } },
      ),
      sampleCompared(
        'b',
        'x',
        { column: sampleColumn('b', { mode: 'bm25' }) },
        { models: { llm: 'm', embedder: null } },
      ),
      sampleCompared('c', 'x', { column: sampleColumn('c', { context: 'none' }) }),
    ];
    const without = { revision: 'r1', documents: 2, embedders: { bge: 'f1' } };
    expect(changesSince(sampleKept({ columns }), { ...now, kbState: without })).toMatchObject([
      { what: 'embedder', breaks: ['a'] },
    ]);
  });

  test('what came out otherwise', () => {
    const again = sampleKept({
      id: 13,
      columns: [
        sampleCompared('base', 'Nobody knows.', { server: { digest: 'new' } }),
        sampleCompared('tuned', 'Nobody knows it.', { server: {} }, { hits: [sampleHit(1, 'other')] }),
      ],
    });
    const before = sampleKept({
      columns: [sampleCompared('base', 'Nobody knows.'), sampleCompared('tuned', 'Nobody knows.')],
    });
    expect(repeatedColumns(before, again)).toEqual([
      { name: 'base', answer: 'same', similarity: 1, passages: 'same', messages: 'same', weights: 'changed' },
      // Three of three tokens against four: 2 · 3 / 7.
      {
        name: 'tuned',
        answer: 'changed',
        similarity: 6 / 7,
        passages: 'changed',
        messages: 'same',
        weights: 'unknown',
      },
    ]);
  });
});

describe('as a document', () => {
  const HOSTILE = '</pre><script>alert(1)</script>\u001b[31m\u202eevil\n````\n# not a title | <img src=x onerror=1> `';
  const hostile = (): KeptComparison =>
    sampleKept({
      question: HOSTILE,
      source: HOSTILE,
      references: [HOSTILE],
      passage: HOSTILE,
      columns: [
        sampleCompared(
          'base',
          HOSTILE,
          {},
          { reasoning: HOSTILE, hits: [{ ...sampleHit(1, HOSTILE), document: HOSTILE }] },
        ),
        sampleCompared('cut', '', {
          state: 'failed',
          answer: null,
          partial: HOSTILE,
          gathered: { hits: [sampleHit(1, HOSTILE)], messages: [{ role: 'user', content: HOSTILE }], reasoning: '' },
          error: { code: 'network', message: HOSTILE, hint: HOSTILE },
          metrics: { exact: 0.5, verbatim: null },
          server: { url: HOSTILE },
        }),
      ],
      votes: [voteFor(best('base'))],
    });

  test('HTML runs nothing and holds no sign that drives a terminal', () => {
    const html = exportComparison(hostile(), 'html');
    expect(html).not.toMatch(/<script|<img|javascript:/i);
    expect(html).toContain("default-src 'none'");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
    expect(html).not.toMatch(/[\u001b\u202e]/);
    const opened = [...html.matchAll(/<(\/?)(\w+)[^>]*>/g)].reduce((open: string[], [, close, tag = '']) => {
      if (['meta', 'html', 'head', 'body'].includes(tag)) return open;
      if (close) expect(open.pop()).toBe(tag);
      else open.push(tag);
      return open;
    }, []);
    expect(opened).toEqual([]);
  });

  test('HTML marks what the first column has not', () => {
    const columns = [sampleCompared('base', 'Nobody knows.'), sampleCompared('tuned', 'Nobody <knew>.')];
    expect(exportComparison(sampleKept({ columns }), 'html')).toContain('Nobody <ins>&lt;knew&gt;</ins>.');
  });

  test('Markdown keeps text in fences it cannot leave, and titles on their line', () => {
    const lines = exportComparison(hostile(), 'md').split('\n');
    let fence = '';
    const outside: string[] = [];
    for (const line of lines) {
      const marks = /^(`{3,})/.exec(line)?.[1] ?? '';
      if (fence === '' && marks) fence = marks;
      else if (fence !== '' && line === fence) fence = '';
      else if (fence === '') outside.push(line);
    }
    expect(fence).toBe('');
    expect(outside.filter((line) => line.startsWith('#')).map((line) => line.slice(0, 4))).toEqual([
      '# \\<',
      '## b',
      '## c',
    ]);
    expect(outside.join('\n')).not.toMatch(/(?<!\\)<|(?<!\\)`/);
  });

  test('JSON is the whole of it', () => {
    const kept = hostile();
    expect(keptComparisonSchema.parse(JSON.parse(exportComparison(kept, 'json')))).toEqual(kept);
  });
});
