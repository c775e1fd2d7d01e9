import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addLocalModel } from '../../../src/models/own.ts';
import { fileOf, installedModel, listAdapters } from '../../../src/models/store.ts';
import { ensureWorkspace, type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';
import { promptFor } from '../../../src/rag/trained-prompt.ts';
import { baseFacts, baseFactsKey } from '../../../src/training/base-facts.ts';
import { baseTemplate, transformersBase, transformersFolder } from '../../../src/training/base-llm.ts';
import { bringAdapter } from '../../../src/training/bring-adapter.ts';
import { findEmbedderBase } from '../../../src/training/embedder-base.ts';
import { templateFor } from '../../../src/training/llm-plan.ts';
import { writeChatFolder } from '../../support/chat-model.ts';
import { writeRandomAdapter } from '../../support/random-adapter.ts';
import { writeTinyGguf } from '../../support/tiny-gguf.ts';

let home: string;
let paths: WorkspacePaths;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-bases-'));
  paths = workspacePaths(home, {});
  ensureWorkspace(paths);
});
afterEach(() => rmSync(home, { recursive: true }));

const noEngine = () => {
  throw new Error('no engine is needed');
};

function chatFolder(dtype = 'float32'): string {
  const folder = path.join(home, 'my model');
  writeChatFolder(folder);
  const config = JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8'));
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify({ ...config, dtype, max_position_embeddings: 8192 }));
  writeFileSync(path.join(folder, 'model.safetensors'), 'weights');
  return folder;
}

describe('a base that is a folder in Transformers’ layout', () => {
  it('is used where it is, with its own chat template and length', async () => {
    const folder = chatFolder();
    const entry = await addLocalModel(paths, { name: 'mine', path: folder, kind: 'chat' });
    expect(entry).toMatchObject({ kind: 'chat', contextTokens: 8192 });
    expect(entry.files.map(({ name }) => name)).toEqual([
      'config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'chat_template.jinja',
      'model.safetensors',
    ]);
    expect(transformersFolder(paths, 'mine')).toBe(folder);
    expect(baseTemplate(paths, 'mine')?.from).toBe(folder);
    expect(templateFor(paths, { base: 'mine' })).toMatchObject({ name: 'smollm2', how: 'compared' });
    const base = await transformersBase(paths, 'mine', noEngine, { float32: true });
    const weights = createHash('sha256').update('weights').digest('hex');
    expect(base).toEqual({ folder, weights, recipe: 'as it is' });
  });

  it('is known again by its files, the system text and the template asked for; a refusal is told, not thrown', async () => {
    const folder = chatFolder();
    await addLocalModel(paths, { name: 'mine', path: folder, kind: 'chat' });
    expect(baseFacts(paths, { base: 'mine' }).template).toMatchObject({ choice: { name: 'smollm2' } });
    const refused = baseFacts(paths, { base: 'mine', template: 'llama3' }).template;
    expect(refused).toMatchObject({ refused: { code: 'invalid', message: expect.stringContaining('llama3') } });
    const key = (asked: object = {}) => baseFactsKey(paths, { base: 'mine', ...asked });
    const first = key();
    expect(key({ system: 'You are a helpful assistant.' })).toBe(first);
    expect(new Set([first, key({ system: 'Be brief.' }), key({ template: 'chatml' })]).size).toBe(3);
    const file = path.join(folder, 'chat_template.jinja');
    writeFileSync(file, `${readFileSync(file, 'utf8')}{# new #}`);
    expect(key()).not.toBe(first);
    expect(baseFactsKey(paths, { base: 'smollm2-135m-instruct' })).toBeUndefined();
    expect(() => baseFactsKey(paths, { base: 'nothing' })).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  it('is copied as float32 only where that is asked for and it is something else', async () => {
    await addLocalModel(paths, { name: 'half', path: chatFolder('bfloat16'), kind: 'chat' });
    await expect(transformersBase(paths, 'half', noEngine)).resolves.toMatchObject({ recipe: 'as it is' });
    await expect(transformersBase(paths, 'half', noEngine, { float32: true })).rejects.toThrow('no engine is needed');
  });

  it('is not for the embedded server, which says so', async () => {
    await addLocalModel(paths, { name: 'mine', path: chatFolder(), kind: 'chat' });
    expect(() => fileOf(installedModel(paths, 'mine'), 'model.gguf')).toThrow(
      expect.objectContaining({ code: 'unsupported', hint: expect.stringContaining('--engine vllm') }),
    );
  });

  it.each([
    ['model.safetensors', 'pytorch_model.bin', /no \*\.safetensors: its weights are pickled/],
    ['model.safetensors', undefined, /no \*\.safetensors\./],
    ['tokenizer.json', undefined, /no tokenizer\.json/],
  ])('without %s (but %s) is refused', async (missing, instead, why) => {
    const folder = chatFolder();
    rmSync(path.join(folder, missing));
    if (instead) writeFileSync(path.join(folder, instead), 'x');
    await expect(addLocalModel(paths, { name: 'mine', path: folder, kind: 'chat' })).rejects.toThrow(why);
  });
});

describe('a base of an embedder from a folder', () => {
  const bertFolder = (): string => {
    const folder = chatFolder();
    writeFileSync(
      path.join(folder, 'config.json'),
      '{"model_type": "bert", "hidden_size": 4, "max_position_embeddings": 512}',
    );
    return folder;
  };
  const request = { name: 'bge-large-zh-v1.5-base', kind: 'embedder-base' } as const;

  it('is what a recipe asks for by its name, with its instruction; before that the error says how to bring it', async () => {
    expect(() => findEmbedderBase(paths, request.name)).toThrow(
      expect.objectContaining({
        code: 'not-found',
        hint: expect.stringMatching(
          /^BAAI\/bge-large-zh-v1\.5 of the Hugging Face hub, .*ragtui models add bge-large-zh-v1\.5-base --path FOLDER --kind embedder-base/,
        ),
      }),
    );
    const path = bertFolder();
    await addLocalModel(paths, { ...request, path, embedder: { queryInstruction: 'Find: ' } });
    const base = findEmbedderBase(paths, 'bge-large-zh-v1.5');
    expect(base).toMatchObject({
      id: request.name,
      embedder: { pooling: 'cls', dimension: 4, maxTokens: 512, dtype: 'f32', queryInstruction: 'Find: ' },
    });
    expect(installedModel(paths, base.id).files['model.safetensors']).toContain(path);
  });

  it.each(['config.json', 'model.safetensors', 'tokenizer_config.json'])('without %s is refused', async (missing) => {
    const folder = bertFolder();
    rmSync(path.join(folder, missing));
    await expect(addLocalModel(paths, { ...request, path: folder })).rejects.toThrow(`${folder} holds no `);
  });
});

describe('an adapter that was trained elsewhere', () => {
  beforeEach(async () => {
    mkdirSync(path.join(home, 'gguf'));
    writeTinyGguf(path.join(home, 'gguf', 'model.gguf'), 'llama');
    const folder = chatFolder();
    // The folder with its GGUF beside it: both servers can have it.
    writeTinyGguf(path.join(folder, 'model.gguf'), 'llama');
    await addLocalModel(paths, { name: 'tiny', path: folder, kind: 'chat' });
  });
  const adapter = (changes: object = {}): string => {
    const folder = path.join(home, 'adapter');
    writeRandomAdapter(folder, { seed: 3, rank: 4, alpha: 8, dtype: 'F32', ...changes });
    return folder;
  };

  it('is known with the base it names, its rank and the template; asked with the system text that is told', async () => {
    const folder = adapter({ config: { base_model_name_or_path: path.join(home, 'my model') } });
    const added = await bringAdapter(paths, { name: 'brought', path: folder, system: 'Be brief.' });
    expect(added).toMatchObject({ base: 'tiny', rank: 4, alpha: 8, template: 'smollm2', templateSystem: 'Be brief.' });
    expect(listAdapters(paths)).toHaveLength(1);
    const asked = (llm: string) => promptFor(paths, 'sft', llm).build({ passages: ['p'], question: 'q' })[0]?.content;
    expect(asked('brought@vllm')).toBe('Be brief.');
    expect(asked('tiny')).toBe('You are a helpful assistant.');
  });

  it('needs its base named when what it says is no model here', async () => {
    const folder = adapter({ config: { base_model_name_or_path: 'someone/other-7b' } });
    await expect(bringAdapter(paths, { name: 'brought', path: folder })).rejects.toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining('someone/other-7b') }),
    );
    await expect(bringAdapter(paths, { name: 'brought', path: folder, base: 'tiny' })).resolves.toMatchObject({
      base: 'tiny',
      templateSystem: '',
    });
  });

  it.each([
    [{ config: { use_dora: true } }, /DoRA/],
    [{ config: { modules_to_save: ['lm_head'] } }, /replaces whole modules/],
    [{ model: { hidden: 32, heads: 4, kvHeads: 2, ffn: 96, layers: 2 } }, /belongs to another base/],
  ])('is refused when no server could load it: %j', async (changes, why) => {
    await expect(bringAdapter(paths, { name: 'brought', path: adapter(changes), base: 'tiny' })).rejects.toThrow(why);
    expect(listAdapters(paths)).toEqual([]);
  });
});
