import { expect, it } from 'vitest';
import { agreements, capsuleDifferences } from '../../../src/evaluation/replay.ts';
import { result, runOf } from './results.ts';

const capsule = {
  program: '1',
  node: 'v22',
  machine: 'm',
  dataset: { sha256: 'a', source: 's', sourceSha256: 'b' },
  knowledgeBase: null,
  models: { base: { digest: 'd1', model: 'm', strict: false } },
  prompts: { base: 'p1' },
  metrics: [
    { name: 'exact', version: 1, embedder: null },
    { name: 'token-f1', version: 2, embedder: null },
  ],
};

it('names what is not as it was, and nothing else', () => {
  expect(capsuleDifferences(capsule, structuredClone(capsule))).toEqual([]);
  const { prompts, ...older } = capsule;
  const now = {
    ...capsule,
    models: { base: { ...capsule.models.base, digest: 'd2' } },
    metrics: [...capsule.metrics].reverse().map((one) => ({ ...one, version: one.name === 'exact' ? 3 : one.version })),
  };
  expect(capsuleDifferences(older, now)).toEqual([
    { what: 'models.base.digest', before: '"d1"', after: '"d2"' },
    { what: 'metrics.exact.version', before: '1', after: '3' },
    { what: 'prompts.base', before: null, after: '"p1"' },
  ]);
});

it('counts what was said again to the letter, and leaves out what failed', () => {
  const item = (name: string, output: string, exact: number) => result({ item: name, output, scores: { exact } });
  const before = runOf([item('a', 'x', 1), item('b', 'y', 0), item('c', 'z', 0), item('d', 'w', 0)]);
  const after = runOf([
    item('a', 'x', 1),
    item('b', 'y!', 1),
    result({ item: 'c', state: 'error', output: null }),
    // d is not in the sample.
  ]);
  const [base] = agreements(before, after);
  expect(base).toMatchObject({ column: 'base', items: 2, same: 1, failed: 1, share: { mean: 0.5 } });
  expect(base?.examples).toEqual([{ item: 'b', before: 'y', after: 'y!' }]);
  expect(base?.metrics['exact']).toMatchObject({ items: 3, before: 1 / 3, after: 2 / 3 });
});
