// The other side of the llm benchmark: node-llama-cpp as its manual shows it, nothing between, in a process of its own.
// argv: GGUF file, context tokens, threads. Over IPC: {tokens, maxTokens} → {firstTokenMs, totalMs, tokens, text}.
import os from 'node:os';
import { getLlama, LlamaLogLevel, type Token } from 'node-llama-cpp';
import { z } from 'zod';

const [file = '', contextSize = '4096', threads = '1'] = process.argv.slice(2);
const isToken = (value: unknown): value is Token => typeof value === 'number';
const requestSchema = z.object({ tokens: z.array(z.custom<Token>(isToken)), maxTokens: z.number() });

// Our server is a job, and jobs are nice.
os.setPriority(10);
const llama = await getLlama({
  gpu: false,
  build: 'never',
  logLevel: LlamaLogLevel.error,
  maxThreads: Number(threads),
});
const model = await llama.loadModel({ modelPath: file });
const context = await model.createContext({
  contextSize: Number(contextSize),
  threads: Number(threads),
  flashAttention: true,
});
const sequence = context.getSequence();

process.on('disconnect', () => process.exit(0));
process.on('message', async (raw) => {
  const { tokens, maxTokens } = requestSchema.parse(raw);
  await sequence.clearHistory();
  const generated: Token[] = [];
  const started = performance.now();
  let firstTokenMs = 0;
  for await (const token of sequence.evaluate(tokens, { temperature: 0 })) {
    if (generated.length === 0) firstTokenMs = performance.now() - started;
    generated.push(token);
    if (generated.length >= maxTokens) break;
  }
  const totalMs = performance.now() - started;
  process.send?.({ firstTokenMs, totalMs, tokens: generated.length, text: model.detokenize(generated) });
});
process.send?.('ready');
