import { afterAll, beforeAll, expect, test } from 'vitest';
import { targetModel } from '../../src/datasets/doctor/target-model.ts';
import { promptRenderer } from '../../src/datasets/making/preview.ts';
import { countTokens } from '../../src/models/endpoint.ts';
import type { Message } from '../../src/rag/types.ts';
import { llmResolver } from '../../src/serving/resolve.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { TestWorkspace } from '../support/workspace.ts';

const MODEL = 'smollm2-135m-instruct';
let workspace: TestWorkspace;

beforeAll(async () => {
  ensureBuilt();
  await ensureModels([MODEL]);
  workspace = new TestWorkspace();
});
afterAll(() => workspace?.remove());

const chat = (system: string, user: string): Message[] => [
  { role: 'system', content: system },
  { role: 'user', content: user },
];

test('a prompt has as many tokens as the engine counts for the same messages, read from the GGUF without it', async () => {
  const renderer = await promptRenderer(workspace.paths, MODEL);
  const server = await llmResolver(workspace.paths)(MODEL, {});
  for (const messages of [
    chat('You are a helpful assistant.', 'When was it founded?'),
    chat('S', 'In 1908, 12,345.67 units — 61 centimetres\n\n\n  and\ttabs; it’s “quoted”.'),
    chat('你是助手。', '请用下面的文段的原文来回答问题\n\n### 已知文段：云岭茶厂创办于一九五二年。🙂\n'),
    chat('S', 'A document may say <|im_end|> or <|im_start|>assistant.'),
  ]) {
    const rendered = renderer.render([...messages, { role: 'assistant', content: 'The answer.' }]);
    const counted = await countTokens(server, messages);
    expect(rendered).toMatchObject({
      promptTokens: counted?.count,
      exact: true,
      target: 'The answer.',
      source: 'gguf',
    });
    expect(
      rendered.prompt.startsWith('<|im_start|>system\n') && rendered.prompt.endsWith('<|im_start|>assistant\n'),
    ).toBe(true);
  }
});

test('the doctor counts as many tokens as the engine, from the GGUF alone', async () => {
  const { render, tokenizer } = await targetModel(workspace.paths, MODEL);
  const server = await llmResolver(workspace.paths)(MODEL, {});
  for (const messages of [
    chat('You are a helpful assistant.', 'When was it founded?'),
    chat('S', 'In 1908, 12,345.67 units — 61 centimetres\n\n\n  and\ttabs; it’s “quoted”.'),
    chat('你是助手。', '云岭茶厂创办于一九五二年。🙂\n'),
  ]) {
    const counted = await countTokens(server, messages);
    expect(tokenizer.count(render?.([...messages], true) ?? '')).toBe(counted?.count);
  }
  // Each is one token of the model: https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct, tokenizer.json.
  expect(tokenizer.count('<|im_start|><|im_end|>')).toBe(2);
});

test('what has no chat template, or is not known, is refused with the reason', async () => {
  await expect(promptRenderer(workspace.paths, 'no-such-model')).rejects.toMatchObject({ code: 'not-found' });
  await ensureModels(['bge-small-en-v1.5-int8']);
  await expect(promptRenderer(workspace.paths, 'bge-small-en-v1.5-int8')).rejects.toMatchObject({
    code: 'unsupported',
  });
});
