import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importDataset } from '../../../src/datasets/import.ts';
import { deleteDataset } from '../../../src/datasets/store.ts';
import { addAdapter, addLocalModel } from '../../../src/models/own.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { promptFor } from '../../../src/rag/trained-prompt.ts';
import { tuneAsked } from '../../../src/serving/tune-asked.ts';
import { writeChatFolder } from '../../support/chat-model.ts';
import { writeRandomAdapter } from '../../support/random-adapter.ts';
import { writeTinyGguf } from '../../support/tiny-gguf.ts';

const USUAL = 'You are a helpful assistant.';
/** The tutorial's prompt, as its notebook prints it. */
const PROMPT = '请用下面的文段的原文来回答问题\n\n### 已知文段：The Alder ends in the lake.\n\n### 问题：Where?\n';

let home: string;
let paths: WorkspacePaths;
beforeEach(async () => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-asked-'));
  paths = workspacePaths(home, {});
  ensureWorkspace(paths);
  const folder = path.join(home, 'base');
  mkdirSync(folder);
  writeTinyGguf(path.join(folder, 'model.gguf'), 'llama');
  await addLocalModel(paths, { name: 'tiny', path: path.join(folder, 'model.gguf'), kind: 'chat' });
});
afterEach(() => rmSync(home, { recursive: true }));

async function dataset(name: string, format: string, rows: readonly object[]): Promise<void> {
  const file = path.join(home, `${name}.jsonl`);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await importDataset(paths, file, { format, name });
}
const chat = (content: string) => ({
  messages: [
    { role: 'user', content },
    { role: 'assistant', content: 'In the lake.' },
  ],
});
const preference = (content: string) => ({
  messages: [{ role: 'user', content }],
  chosen: { role: 'assistant', content: 'In the lake.' },
  rejected: { role: 'assistant', content: 'Nowhere.' },
});

async function adapter(name: string, lineage: Record<string, string>, templateSystem = USUAL): Promise<void> {
  const folder = path.join(home, name);
  writeRandomAdapter(folder, { seed: 3, rank: 4, alpha: 8, dtype: 'F32' });
  await addAdapter(paths, {
    name,
    base: 'tiny',
    path: folder,
    basePath: home,
    rank: 4,
    alpha: 8,
    template: 'chatml',
    templateSystem,
    lineage,
  });
}

describe('how a tune is asked beside its base', () => {
  it('by the prompt of its rows: the tutorial’s where they are written so, else as they stand, without passages', async () => {
    await dataset('asked', 'openai', [chat(PROMPT)]);
    await dataset('talk', 'openai', [chat('Where does the Alder end?')]);
    await dataset('liked', 'preference', [preference(PROMPT)]);
    await dataset('chosen', 'preference', [preference('Where does the Alder end?')]);
    for (const name of ['asked', 'talk', 'liked', 'chosen'])
      await adapter(`of-${name}`, { dataset: name, split: 'all' });
    const how = (name: string) => tuneAsked(paths, `of-${name}`);
    expect(how('asked')).toEqual({ base: 'tiny', tuned: 'of-asked', prompt: 'sft', reads: true });
    expect(how('liked')).toMatchObject({ prompt: 'sft', reads: true });
    expect(how('talk')).toMatchObject({ prompt: 'plain@of-talk', reads: false });
    expect(how('chosen')).toMatchObject({ prompt: 'plain@of-chosen', reads: false });
    await deleteDataset(paths, 'talk');
    expect(how('talk')).toMatchObject({ prompt: 'sft', reads: true });
    expect(tuneAsked(paths, 'tiny')).toBeUndefined();
  });

  it('with the system text it was trained with, the base too', async () => {
    await adapter('brief', {}, 'Be brief.');
    const { prompt, base } = tuneAsked(paths, 'brief') ?? { prompt: '', base: '' };
    expect(prompt).toBe('sft@brief');
    const system = (name: string, llm: string) =>
      promptFor(paths, name, llm).build({ passages: ['p'], question: 'q' })[0]?.content;
    expect(system(prompt, base)).toBe('Be brief.');
    expect(system(prompt, 'brief@vllm')).toBe('Be brief.');
    expect(system('sft', base)).toBe(USUAL);
    expect(promptFor(paths, 'plain@brief', 'tiny').build({ passages: [], question: 'q' })).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'q' },
    ]);
    expect(promptFor(paths, 'plain', 'tiny').build({ passages: ['a', 'b'], question: 'q' })).toEqual([
      { role: 'user', content: 'a\n\nb\n\nq' },
    ]);
  });

  it('on one engine: a model of its own that has no GGUF is asked on vLLM, and so is its base', async () => {
    const tuned = { base: 'tiny', template: 'chatml', templateSystem: USUAL, lineage: {} };
    const folder = path.join(home, 'whole');
    mkdirSync(folder);
    writeChatFolder(folder);
    writeFileSync(path.join(folder, 'model.safetensors'), 'weights');
    await addLocalModel(paths, { name: 'whole', path: folder, kind: 'chat', tuned });
    expect(tuneAsked(paths, 'whole')).toMatchObject({ base: 'tiny@vllm', tuned: 'whole@vllm' });
    const other = path.join(home, 'other');
    mkdirSync(other);
    writeTinyGguf(path.join(other, 'model.gguf'), 'llama');
    await addLocalModel(paths, { name: 'with-gguf', path: path.join(other, 'model.gguf'), kind: 'chat', tuned });
    expect(tuneAsked(paths, 'with-gguf')).toMatchObject({ base: 'tiny', tuned: 'with-gguf', prompt: 'sft' });
  });
});
