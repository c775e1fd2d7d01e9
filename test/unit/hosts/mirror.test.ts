import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Frame, FrameReader, MirroredFile } from '../../../src/hosts/mirror.ts';

const data = (at: number, text: string) =>
  Buffer.concat([
    Buffer.from(`${JSON.stringify({ file: 'out', at, bytes: Buffer.byteLength(text) })}\n`),
    Buffer.from(text),
  ]);

describe('frames', () => {
  const wire = Buffer.concat([
    Buffer.from('Last login: today\n'),
    data(0, '{"file": "x", "at": 0, "bytes": 3}\nab'),
    Buffer.from('{"file":"out","reset":true}\n'),
    data(0, 'ünicode'),
  ]);
  const told = (frames: readonly Frame[]) =>
    frames.map((frame) => (frame.kind === 'data' ? [frame.at, frame.data.toString('utf8')] : frame.kind));
  const right = [[0, '{"file": "x", "at": 0, "bytes": 3}\nab'], 'reset', [0, 'ünicode']];

  test('are the same however the connection cuts them', () => {
    for (let size = 1; size <= wire.length; size += 1) {
      const reader = new FrameReader();
      const frames: Frame[] = [];
      for (let at = 0; at < wire.length; at += size) frames.push(...reader.push(wire.subarray(at, at + size)));
      expect(told(frames)).toEqual(right);
    }
  });
  test('one that is cut off is not told', () => {
    expect(told(new FrameReader().push(wire.subarray(0, -1)))).toEqual(right.slice(0, 2));
  });
});

describe('a mirrored file', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-mirror-'));
    file = path.join(folder, 'log');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const text = () => readFileSync(file, 'utf8');

  test('takes nothing twice and leaves no gap', () => {
    const mirror = new MirroredFile(file);
    mirror.write(0, Buffer.from('abc'));
    mirror.write(0, Buffer.from('abc'));
    mirror.write(1, Buffer.from('bcde'));
    mirror.write(9, Buffer.from('later'));
    expect([text(), mirror.offset]).toEqual(['abcde', 5]);
  });
  test('stands behind what others wrote, and goes on from what is the same', () => {
    writeFileSync(file, 'ours\n');
    const behind = new MirroredFile(file);
    behind.write(0, Buffer.from('new'));
    expect([text(), behind.offset]).toEqual(['ours\nnew', 3]);
    behind.reset();
    expect([text(), behind.offset]).toEqual(['ours\n', 0]);
    const same = new MirroredFile(file, 5);
    same.write(5, Buffer.from('more'));
    expect([text(), same.offset]).toEqual(['ours\nmore', 9]);
  });
});
