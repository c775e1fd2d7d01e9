import { expect, it } from 'vitest';
import { heldOutPart } from '../../../src/datasets/held-out.ts';
import { contextSplit, manifest } from '../../store/loop-fakes.ts';

const split = (name: string, ...parts: readonly string[]) => ({
  ...contextSplit(),
  name,
  parts: parts.map((part) => ({ name: part, rows: 2, sharedWithTrain: 0 })),
});

it('is the test part of the split that was trained on', () => {
  const dataset = manifest('d', {
    splits: [split('other', 'train', 'test'), split('context', 'train', 'validation', 'test')],
  });
  expect(heldOutPart(dataset, 'context/train')).toBe('context/test');
  expect(heldOutPart(dataset, 'other/train')).toBe('other/test');
});

it('is another part where none is called test, but never the trained one or what chose its steps', () => {
  expect(heldOutPart(manifest('d', { splits: [split('s', 'train', 'validation', 'held')] }), 's/train')).toBe('s/held');
  expect(heldOutPart(manifest('d', { splits: [split('s', 'train', 'validation')] }), 's/train')).toBeNull();
  expect(heldOutPart(manifest('d', { splits: [split('s', 'test', 'train')] }), 's/test')).toBe('s/train');
});

it('is nothing for a training on all rows, or on a split that is gone', () => {
  const dataset = manifest('d', { splits: [split('s', 'train', 'test')] });
  expect(heldOutPart(dataset, 'all')).toBeNull();
  expect(heldOutPart(dataset, 'gone/train')).toBeNull();
});

it('knows a part that is named alone, where one split only has it', () => {
  const one = split('s', 'train', 'test');
  expect(heldOutPart(manifest('d', { splits: [one] }), 'train')).toBe('s/test');
  expect(heldOutPart(manifest('d', { splits: [one, split('t', 'train', 'test')] }), 'train')).toBeNull();
});

it('is nothing in another version than was trained on: its rows may have been dealt anew', () => {
  const dataset = manifest('d', { splits: [split('s', 'train', 'test')] });
  expect(heldOutPart(dataset, 's/train', dataset.version)).toBe('s/test');
  expect(heldOutPart(dataset, 's/train', 'v-000000000000')).toBeNull();
});
