import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { convertLora } from '../../src/models/gguf/lora.ts';
import { fileOf } from '../../src/models/store.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { type LlamaHost, loadHost } from '../../src/serving/llama/host.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { descendantsOf } from '../support/process-tree.ts';
import { writeRandomAdapter } from '../support/random-adapter.ts';

// Adapters that come and go while a server runs: 20 times here, 200 in the soak (RAGTUI_CYCLES).
const CYCLES = Number(process.env['RAGTUI_CYCLES'] ?? 20);
const MODEL = 'smollm2-135m-instruct';
/** SmolLM2-135M; with rank 32 an adapter's weights are 39 MB. */
const SHAPE = { hidden: 576, heads: 9, kvHeads: 3, ffn: 1536, layers: 30 };
const ADAPTER_BYTES = 39e6;

let home: string;
let host: LlamaHost;
let made = 0;
beforeAll(async () => {
  ensureBuilt();
  const [model] = await ensureModels([MODEL]);
  if (!model) throw new Error('no model');
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-cycles-'));
  const base = fileOf(model, 'model.gguf');
  const adapter = path.join(home, 'adapter');
  writeRandomAdapter(adapter, { seed: 7, rank: 32, alpha: 32, dtype: 'F32', model: SHAPE });
  convertLora({ adapter, base, out: path.join(home, 'adapter.gguf') });
  host = await loadHost(base, {
    contextTokens: 256,
    parallel: 2,
    // As a server does: no path is used twice.
    prepare: () => {
      made += 1;
      const file = path.join(home, `adapter-${made}.gguf`);
      copyFileSync(path.join(home, 'adapter.gguf'), file);
      return file;
    },
  });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const openFiles = (): number => readdirSync('/proc/self/fd').length;
async function say(name: string, strict: boolean): Promise<string> {
  const engine = host.adapters.get(name) ?? host.base;
  let said = '';
  const tokens = engine.renderChat([{ role: 'user', content: 'Say something.' }]);
  await engine.generate(
    { tokens, maxTokens: 2, temperature: 0, topP: 1, seed: 1, stop: [], strict, repetitionPenalty: 1 },
    { signal: new AbortController().signal, onText: (text) => (said += text) },
  );
  return said;
}

test(`an adapter loaded, asked and unloaded ${CYCLES} times leaves no memory, file or process behind`, async () => {
  const warmUp = Math.ceil(CYCLES / 4);
  let first = { memory: 0, files: 0 };
  const children = descendantsOf(process.pid).length;
  for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
    await host.load('tuned', path.join(home, 'adapter'));
    // Alone, and in the context that chats share.
    await say('tuned', true);
    await say('tuned', false);
    host.unload('tuned');
    expect(host.adapters.size).toBe(0);
    // The context that chats share now belongs to the base: the adapter's is gone.
    await say('base', false);
    rmSync(path.join(home, `adapter-${made}.gguf`));
    if (cycle === warmUp) first = { memory: process.memoryUsage.rss(), files: openFiles() };
  }
  expect(await waitUntil(() => openFiles() <= first.files + 1, 5000)).toBe(true);
  expect(descendantsOf(process.pid).length).toBe(children);
  // Each adapter that stayed would be 39 MB more.
  expect(process.memoryUsage.rss() - first.memory).toBeLessThan(4 * ADAPTER_BYTES);
});
