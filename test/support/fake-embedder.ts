import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { importDataset } from '../../src/datasets/import.ts';
import type { WorkspacePaths } from '../../src/platform/paths.ts';
import type { EmbedderTraining } from '../../src/training/types.ts';

const BASE = 'all-minilm-l6-v2-base';
export const EMBEDDER_TRAINING: EmbedderTraining = {
  dataset: 'asked',
  split: 'all',
  base: BASE,
  name: 'finder',
  preset: 'cpu',
  settings: { per_device_train_batch_size: 2 },
  seed: 42,
};

/** A tokenizer that knows next to no words. */
const TOKENIZER = {
  version: '1.0',
  added_tokens: [],
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
    },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: { '[PAD]': 0, '[UNK]': 1, '[CLS]': 2, '[SEP]': 3, a: 4, the: 5 },
  },
};

/** Adds to a workspace what the training of an embedder needs besides an engine: a base of nothing, the dataset `asked`. */
export async function fakeEmbedderTraining(paths: WorkspacePaths): Promise<void> {
  const folder = path.join(paths.models, BASE);
  mkdirSync(folder, { recursive: true });
  const contents = {
    'config.json': JSON.stringify({ hidden_size: 384 }),
    'model.safetensors': 'weights',
    'tokenizer.json': JSON.stringify(TOKENIZER),
    'tokenizer_config.json': '{}',
  };
  const files = Object.entries(contents).map(([name, text]) => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    return { name, bytes: statSync(file).size, sha256, source: 'test' };
  });
  const manifest = { version: 1, id: BASE, pulledAt: new Date().toISOString(), files };
  writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify(manifest));
  const rows = [1, 2, 3, 4, 5, 6].map((n) => ({ query: `Which is ${n}?`, pos: [`This is ${n}.`], neg: [`Not ${n}.`] }));
  const file = path.join(paths.home, 'asked.jsonl');
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await importDataset(paths, file, { name: 'asked', kind: 'retrieval' });
}
