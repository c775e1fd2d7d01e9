import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { NumpyRng, seedSequenceState } from '../../../src/datasets/numpy-rng.ts';

// Every expected value was printed by numpy 2.4.6.
const sha256 = (numbers: readonly number[]) => createHash('sha256').update(numbers.join(',')).digest('hex');

test('SeedSequence(1314).generate_state(4, uint64)', () => {
  expect(seedSequenceState(1314n, 4).map((word) => word.toString(16))).toEqual([
    '4c9552430ddfacd1',
    '87323d712ec783a8',
    '3ecc12cab66c6512',
    '8725ab6640305d9f',
  ]);
});

test.each([
  [0n, ['a30febcfd9c2825f', '4510bdf882d9d721', 'a7d3da94ecde8b8', '43b27b61342f01d'], [4, 6, 2, 7, 3, 5, 9, 0, 8, 1]],
  [
    1n,
    ['8306bdf37922e4ff', 'f35196bbc152a866', '24e7a4f608ec18cd', 'f2dab0aed2ac6fd2'],
    [8, 4, 7, 0, 1, 2, 5, 9, 6, 3],
  ],
  [
    1314n,
    ['4553dc1e0b70b253', 'd89b55c807fbed73', 'dbfcc2a6de5ceab6', '5b0f1d885da3d28a'],
    [1, 4, 5, 8, 7, 2, 6, 0, 9, 3],
  ],
  [
    42n,
    ['c621fbcd16d92688', '705a5661a791ffc1', 'dbcd12c26eda1624', 'b286b60e1600888d'],
    [5, 6, 0, 7, 3, 2, 4, 9, 1, 8],
  ],
  [
    2n ** 32n + 5n,
    ['c6323ec321deb8d1', '78814821c73a0583', 'b22536d8e0ec17c0', 'd1089c74d9305a76'],
    [6, 7, 4, 2, 5, 0, 9, 8, 3, 1],
  ],
  [
    2n ** 70n + 3n,
    ['6b9e7d80244da682', '492f04c2452ccfdd', '1b34b70f0a2ac141', '4c034a6c80a14ccc'],
    [3, 6, 7, 8, 4, 1, 9, 5, 0, 2],
  ],
])('default_rng(%s): four raw draws and permutation(10)', (seed, raw, permutation) => {
  const rng = new NumpyRng(seed);
  expect([1, 2, 3, 4].map(() => rng.uint64().toString(16))).toEqual(raw);
  expect(new NumpyRng(seed).permutation(10)).toEqual(permutation);
});

test('one generator goes on where it was: default_rng(5).permutation(20), then permutation(5)', () => {
  const rng = new NumpyRng(5);
  expect(rng.permutation(20)).toEqual([9, 18, 3, 7, 1, 16, 19, 13, 11, 2, 4, 17, 10, 12, 6, 15, 0, 5, 14, 8]);
  expect(rng.permutation(5)).toEqual([2, 1, 4, 3, 0]);
});

test('a hundred thousand: default_rng(42).permutation(100000)', () => {
  expect(sha256(new NumpyRng(42).permutation(100_000))).toBe(
    'f72f7a6d3eb46464a5c2424549f6d9b5040abe66ec26df57956e568407f532af',
  );
});

test('the test rows of the tutorial: the first 700 of default_rng(1314).permutation(7000)', () => {
  const rows = new NumpyRng(1314).permutation(7000).slice(0, 700);
  expect(rows.slice(0, 12)).toEqual([2059, 41, 1873, 5572, 6708, 9, 3978, 3379, 5944, 3763, 3228, 1746]);
  expect(sha256(rows)).toBe('c3bb9a3539c2a3036afb5d944e3cfc8acb6c14d59cdc8340cf784a71096f8cc0');
});

test.each([
  [1, [0]],
  [2, [0, 1]],
  [3, [0, 2, 1]],
  [0, []],
])('default_rng(7).permutation(%s)', (n, expected) => {
  expect(new NumpyRng(7).permutation(n)).toEqual(expected);
});
