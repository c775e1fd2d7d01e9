import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { getLlama, type Llama, LlamaLogLevel } from 'node-llama-cpp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { packageRoot } from '../../src/platform/entry.ts';
import { workspacePaths } from '../../src/platform/paths.ts';

// The tokenizer that training gets of a GGUF against llama.cpp's own: one vocabulary, cut in each way we convert.

const caches = path.join(packageRoot(), '.cache');
const home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-tokenizer-'));
const paths = workspacePaths(home, {
  RAGTUI_ENGINES_CACHE: process.env['RAGTUI_ENGINES_CACHE'] ?? path.join(caches, 'engines'),
  RAGTUI_MODELS_CACHE: process.env['RAGTUI_MODELS_CACHE'] ?? path.join(caches, 'models'),
});
const bin = path.join(paths.engines, 'llamafactory', 'bin');
const source = path.join(paths.models, 'smollm2-135m-instruct', 'model.gguf');
let llama: Llama;
beforeAll(async () => {
  llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error });
});
afterAll(async () => {
  await llama.dispose();
  rmSync(home, { recursive: true, force: true });
});

const TEXTS = [
  'In 2023, sales were $394.3 billion (up 12,345.67%).',
  '1234567890 ٣٤٥ ½ ² 一二三',
  '财政年度2023年的营业收入为3,943亿元，同比增长12%。',
  '👩‍👩‍👧 héllo 🚀🔥 naïve é',
  'def f(x):\n    return x**2 + 10_000\n\n\n\tif a == 0x1F: pass  # ok\r\n',
  "I'M here, they'll GO, don't  stop   ",
  '<|im_start|>user\nhi<|im_end|>\n',
  '  leading\n\n\n and \t\t tabs',
  '(((...)))!!! == <=> ^~|$+ a_b-c/d',
  'ＡＢＣ　１２３ Ⅷ ﬁ',
  '한국어 テスト русский 2024г.',
];
const idsSchema = z.array(z.array(z.number()));
const run = (program: string, args: readonly string[]): string =>
  execFileSync(path.join(bin, program), args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, HF_HUB_OFFLINE: '1', CUDA_VISIBLE_DEVICES: '' },
  });

test.each(['smollm', 'gpt-2', 'default', 'qwen2', 'llama-bpe'])(
  'text cut as %s: the same ids as llama.cpp',
  async (pre) => {
    const gguf = path.join(home, `${pre}.gguf`);
    const folder = path.join(home, pre);
    mkdirSync(folder);
    run('gguf-new-metadata', ['--pre-tokenizer', pre, '--force', source, gguf]);
    const script = path.join(packageRoot(), 'workers', 'python', 'gguf_to_transformers.py');
    run('python', ['-I', script, gguf, folder, 'tokenizer']);
    const encode =
      'import json,sys; from transformers import AutoTokenizer; t=AutoTokenizer.from_pretrained(sys.argv[1])';
    const print = 'print(json.dumps([t(x, add_special_tokens=False).input_ids for x in json.loads(sys.argv[2])]))';
    const printed = run('python', ['-I', '-c', `${encode}\n${print}`, folder, JSON.stringify(TEXTS)]);
    const ids = idsSchema.parse(JSON.parse(printed.trimEnd().split('\n').at(-1) ?? ''));
    const model = await llama.loadModel({ modelPath: gguf, vocabOnly: true });
    const expected = TEXTS.map((text) => [...model.tokenize(text, true)]);
    await model.dispose();
    rmSync(gguf);
    expect(ids).toEqual(expected);
  },
);
