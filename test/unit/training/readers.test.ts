import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LineCutter } from '../../../src/training/readers/lines.ts';
import { GradNorms, parseLossLine } from '../../../src/training/readers/loss-lines.ts';
import { parseTrainerLogLine } from '../../../src/training/readers/trainer-log.ts';

const recorded = (name: string): Buffer => readFileSync(path.join(import.meta.dirname, 'recorded', name));

/** The lines of `bytes`, handed over in two pieces cut at `at`. */
function cutAt(bytes: Buffer, at: number): string[] {
  const cutter = new LineCutter();
  return [...cutter.push(bytes.subarray(0, at)), ...cutter.push(bytes.subarray(at)), cutter.end()].filter(Boolean);
}

const rowsOf = (lines: readonly string[]) => lines.flatMap((line) => parseTrainerLogLine(line) ?? []);
const printedOf = (lines: readonly string[]) =>
  lines.map((line) => parseLossLine(line)).filter((numbers) => numbers !== undefined);

describe('trainer_log.jsonl of LLaMA-Factory', () => {
  const bytes = recorded('llamafactory-trainer_log.jsonl');

  it('gives step, total and numbers by our names; the last row has no loss', () => {
    const rows = rowsOf(cutAt(bytes, 0));
    expect(rows.map((row) => row.step)).toEqual([1, 2, 3, 4, 5, 6, 6]);
    expect(rows.every((row) => row.totalSteps === 6)).toBe(true);
    expect(rows.filter((row) => 'loss' in row.values)).toHaveLength(6);
    expect(Object.keys(rows[0]?.values ?? {}).sort()).toEqual(['epoch', 'learning_rate', 'loss']);
  });

  it('gives the same rows wherever the bytes are cut', () => {
    const whole = rowsOf(cutAt(bytes, 0));
    for (let at = 1; at < bytes.length; at += 1) expect(rowsOf(cutAt(bytes, at))).toEqual(whole);
  });

  it('passes over a torn line', () => {
    expect(parseTrainerLogLine('{"current_steps": 4, "total_st')).toBeUndefined();
    expect(parseTrainerLogLine('{"current_steps": 4, "total_steps": 6}{"cur')).toBeUndefined();
  });

  it('takes evaluation rows as they are, without a loss of 0', () => {
    expect(parseTrainerLogLine('{"current_steps": 10, "total_steps": 40, "eval_loss": 2.5, "epoch": 0.5}')).toEqual({
      step: 10,
      totalSteps: 40,
      values: { eval_loss: 2.5, epoch: 0.5 },
    });
  });
});

describe('numbers of our FlagEmbedding callback', () => {
  const bytes = recorded('flagembedding-trainer_log.jsonl');

  it('have the gradient norm beside the loss', () => {
    const rows = rowsOf(cutAt(bytes, 0));
    expect(rows.map((row) => row.step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(Object.keys(rows[0]?.values ?? {}).sort()).toEqual(['epoch', 'grad_norm', 'learning_rate', 'loss']);
  });
});

describe.each(['llamafactory-stdout.txt', 'flagembedding-stdout.txt'])('loss lines of %s', (name) => {
  const bytes = recorded(name);

  it('are six, as numbers, and the summary is none', () => {
    const printed = printedOf(cutAt(bytes, 0));
    expect(printed).toHaveLength(6);
    for (const numbers of printed) {
      expect(Object.keys(numbers).sort()).toEqual(['epoch', 'grad_norm', 'learning_rate', 'loss']);
      expect(Object.values(numbers).every(Number.isFinite)).toBe(true);
    }
  });

  it('are the same wherever the bytes are cut', () => {
    // The loss lines stand at the end; what is before them is only passed over.
    const from = Math.max(0, bytes.indexOf("{'loss'") - 200);
    const tail = bytes.subarray(from);
    const whole = printedOf(cutAt(tail, 0));
    for (let at = 1; at < tail.length; at += 1) expect(printedOf(cutAt(tail, at))).toEqual(whole);
  });
});

describe('loss lines', () => {
  it('are read with bare numbers too, as version 4 of the trainer prints them', () => {
    expect(parseLossLine("{'loss': 2.345, 'grad_norm': 1e-05, 'learning_rate': 0.0001, 'epoch': 0.5}")).toEqual({
      loss: 2.345,
      grad_norm: 0.00001,
      learning_rate: 0.0001,
      epoch: 0.5,
    });
  });

  it('leave out what is not finite', () => {
    expect(parseLossLine("{'loss': '1.5', 'grad_norm': 'nan', 'epoch': '1'}")).toEqual({ loss: 1.5, epoch: 1 });
  });

  it('are nothing else', () => {
    expect(parseLossLine("{'train_runtime': '12.3', 'train_loss': '1.7', 'epoch': '1'}")).toBeUndefined();
    expect(parseLossLine("labels: {'loss': 1}")).toBeUndefined();
    expect(parseLossLine('')).toBeUndefined();
  });
});

describe('lines', () => {
  it('end at \\n, \\r\\n and \\r, and an UTF-8 character may be cut', () => {
    const bytes = Buffer.from('一二\r\nthree\r 50%|█▌  |\rfour\nrest');
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(cutAt(bytes, at)).toEqual(['一二', 'three', ' 50%|█▌  |', 'four', 'rest']);
    }
  });
});

describe('gradient norms', () => {
  it('go to the step of the same place in the order, whichever file is read first', () => {
    const norms = new GradNorms();
    expect(norms.onPrinted({ loss: 2, grad_norm: 0.5 })).toEqual([]);
    expect(norms.onStep(25)).toEqual([{ step: 25, value: 0.5 }]);
    expect(norms.onStep(26)).toEqual([]);
    expect(norms.onPrinted({ eval_loss: 2 })).toEqual([]);
    expect(norms.onPrinted({ loss: 2, grad_norm: 0.7 })).toEqual([{ step: 26, value: 0.7 }]);
  });

  it('skip a step without one and stay in step', () => {
    const norms = new GradNorms();
    norms.onStep(1);
    norms.onStep(2);
    expect(norms.onPrinted({ loss: 2 })).toEqual([]);
    expect(norms.onPrinted({ loss: 2, grad_norm: 0.7 })).toEqual([{ step: 2, value: 0.7 }]);
  });
});

// A real FlagEmbedding training of eight steps that was stopped in its seventh (the checkpoint is of the sixth, and the
// seventh is logged all the same) and went on in a second job; LLaMA-Factory's second session had one step to do.
describe('a training that was stopped and went on', () => {
  const losses = (name: string) => printedOf(cutAt(recorded(name), 0)).map(({ loss }) => loss);

  it('tells the seventh step in both sessions', () => {
    const stopped = losses('flagembedding-stopped-stdout.txt');
    const resumed = losses('flagembedding-resumed-stdout.txt');
    expect([stopped.length, resumed.length]).toEqual([7, 2]);
    expect(losses('llamafactory-resumed-stdout.txt')).toHaveLength(1);
  });

  it('has every step once in the file of rows, with what was searched in between', () => {
    const rows = rowsOf(cutAt(recorded('flagembedding-resumed-trainer_log.jsonl'), 0));
    const trained = rows.filter(({ values }) => 'loss' in values);
    expect(trained.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(trained[6]?.values['loss']).toBeCloseTo(losses('flagembedding-resumed-stdout.txt')[0] ?? Number.NaN, 4);
  });

  it.each(['flagembedding-stopped-stdout.txt', 'flagembedding-resumed-stdout.txt', 'llamafactory-resumed-stdout.txt'])(
    'reads the same wherever %s is cut',
    (name) => {
      const bytes = recorded(name);
      const whole = printedOf(cutAt(bytes, 0));
      for (let at = 1; at < bytes.length; at += 1) expect(printedOf(cutAt(bytes, at))).toEqual(whole);
    },
  );

  it('reads the same rows wherever their file is cut', () => {
    const bytes = recorded('flagembedding-resumed-trainer_log.jsonl');
    const whole = rowsOf(cutAt(bytes, 0));
    for (let at = 1; at < bytes.length; at += 1) expect(rowsOf(cutAt(bytes, at))).toEqual(whole);
  });
});
