import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { JobReport } from '../../../src/jobs/worker.ts';
import { CheckpointWatch } from '../../../src/training/checkpoints.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-checkpoints-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function listen() {
  const told: [string, unknown][] = [];
  const report: JobReport = {
    metric() {},
    progress() {},
    log() {},
    artifact: (name, _path, data) => told.push([name, data]),
    error() {},
    ready() {},
  };
  return { told, watch: new CheckpointWatch(report, path.join(folder, 'train')) };
}
const write = (step: number, name: string, bytes: number): void => {
  const at = path.join(folder, 'train', `checkpoint-${step}`);
  mkdirSync(at, { recursive: true });
  writeFileSync(path.join(at, name), 'x'.repeat(bytes));
};

it('tells of a checkpoint once, when it is whole and no longer grows, and once when it is gone', () => {
  const { told, watch } = listen();
  watch.look();
  write(9, 'adapter_model.safetensors', 100);
  watch.look();
  watch.look();
  expect(told).toEqual([]);
  write(9, 'trainer_state.json', 10);
  watch.look();
  write(9, 'trainer_state.json', 20);
  watch.look();
  expect(told).toEqual([]);
  watch.look();
  watch.look();
  expect(told).toEqual([['checkpoint-9', { kind: 'checkpoint', step: 9, bytes: 120 }]]);
  rmSync(path.join(folder, 'train', 'checkpoint-9'), { recursive: true });
  watch.look();
  watch.look();
  expect(told.slice(1)).toEqual([['checkpoint-9', { kind: 'checkpoint', step: 9, bytes: 120, gone: true }]]);
});

it('says nothing of one that the engine has marked as incomplete', () => {
  const { told, watch } = listen();
  write(3, 'trainer_state.json', 10);
  write(3, 'checkpoint-is-incomplete.txt', 1);
  for (let look = 0; look < 3; look++) watch.look();
  expect(told).toEqual([]);
});

it('tells at once of what is there while the engine does not run', () => {
  const { told, watch } = listen();
  write(5, 'trainer_state.json', 10);
  watch.look(true);
  expect(told).toEqual([['checkpoint-5', { kind: 'checkpoint', step: 5, bytes: 10 }]]);
});
