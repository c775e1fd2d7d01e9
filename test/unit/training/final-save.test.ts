import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { finalSaveProblem, isWholeSafetensors } from '../../../src/training/final-save.ts';
import { writeRandomAdapter } from '../../support/random-adapter.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-save-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const weights = () => path.join(folder, 'adapter_model.safetensors');
const write = () => writeRandomAdapter(folder, { seed: 1, rank: 2, alpha: 4, dtype: 'F32' });

describe('the final save of a training', () => {
  it('is whole when the file is as long as its header says', () => {
    write();
    expect(isWholeSafetensors(weights())).toBe(true);
    expect(finalSaveProblem(folder, 'adapter')).toBeUndefined();
  });

  it('is not whole at any length before', () => {
    write();
    const size = readFileSync(weights()).length;
    for (const length of [size - 1, size - 4000, 500, 100, 8, 7, 0]) {
      truncateSync(weights(), length);
      expect(isWholeSafetensors(weights())).toBe(false);
      expect(finalSaveProblem(folder, 'adapter')).toBe('adapter_model.safetensors is cut off');
    }
  });

  it('is not one of an earlier session: older than the last checkpoint', () => {
    write();
    const checkpoint = path.join(folder, 'checkpoint-12');
    mkdirSync(checkpoint);
    writeFileSync(path.join(checkpoint, 'trainer_state.json'), '{}');
    utimesSync(weights(), new Date(0), new Date(0));
    expect(finalSaveProblem(folder, 'adapter')).toBe('adapter_model.safetensors is older than checkpoint-12');
  });

  it('needs its configuration too', () => {
    write();
    writeFileSync(path.join(folder, 'adapter_config.json'), '{"r": 8, ');
    expect(finalSaveProblem(folder, 'adapter')).toBe('adapter_config.json is missing or cut off');
    rmSync(weights());
    expect(finalSaveProblem(folder, 'adapter')).toBe('it left no adapter_model.safetensors');
    expect(finalSaveProblem(path.join(folder, 'none'), 'model')).toBe('it left no model weights');
  });
});
