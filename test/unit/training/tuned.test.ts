import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { workspacePaths } from '../../../src/platform/paths.ts';
import { askedOf, beginTuned } from '../../../src/training/tuned.ts';
import type { Training } from '../../../src/training/types.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-tuned-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const training: Training = {
  dataset: 'd',
  split: 'train',
  base: 'b',
  name: 'mine',
  preset: 'cpu',
  settings: { max_steps: 6 },
  seed: 42,
};
const begin = (changes: Partial<Training> = {}) =>
  beginTuned(workspacePaths(home, {}), askedOf('train-llm', { ...training, ...changes }));

function checkpoint(step: number, files: readonly string[]): string {
  const folder = path.join(home, 'tuned', 'mine', 'train', `checkpoint-${step}`);
  mkdirSync(folder, { recursive: true });
  for (const file of files) writeFileSync(path.join(folder, file), '{}');
  return folder;
}

describe('the folder of a tune', () => {
  it('begins empty, and again empty when only weights are there', () => {
    const { folder, checkpoint: from } = begin();
    expect(from).toBeUndefined();
    writeFileSync(path.join(folder.train, 'adapter_model.safetensors'), 'x');
    expect(begin().checkpoint).toBeUndefined();
    expect(readdirSync(folder.train)).toEqual([]);
  });

  it('goes on from the newest whole checkpoint, by number', () => {
    begin();
    checkpoint(9, ['trainer_state.json']);
    const newest = checkpoint(10, ['trainer_state.json']);
    expect(begin().checkpoint).toBe(newest);
  });

  it('passes over a checkpoint that was not finished', () => {
    begin();
    const whole = checkpoint(4, ['trainer_state.json']);
    const marked = checkpoint(8, ['trainer_state.json', 'checkpoint-is-incomplete.txt']);
    const torn = checkpoint(12, ['optimizer.pt']);
    expect(begin().checkpoint).toBe(whole);
    expect([marked, torn].map((one) => existsSync(one))).toEqual([false, false]);
  });

  it('does not train again what is trained', () => {
    const { folder } = begin();
    writeFileSync(folder.trained, '{}');
    expect(begin()).toMatchObject({ trained: true, checkpoint: undefined });
  });

  it('refuses another training under the same name', () => {
    begin();
    expect(() => begin({ settings: { max_steps: 7 } })).toThrow(/begun with other settings/);
    expect(() => beginTuned(workspacePaths(home, {}), askedOf('train-embedder', training))).toThrow(/other settings/);
  });
});
