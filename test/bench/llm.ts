import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { z } from 'zod';
import { type ChatEndpoint, streamChat } from '../../src/models/endpoint.ts';
import { fileOf } from '../../src/models/store.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import type { Message } from '../../src/rag/types.ts';
import { ensureLlmServer, type ServedModel, stopServers } from '../../src/serving/llama.ts';
import { ensureModels, pathsWithModels } from '../support/models.ts';
import { englishPassages } from './corpus.ts';
import { interleave, median, pairedRatio, spread } from './stats.ts';
import type { BenchContext, Benchmark, BenchRow } from './types.ts';

const MODEL = 'smollm2-135m-instruct';
const CONTEXT_TOKENS = 2048;
const PROMPT_TOKENS = 600;
const ANSWER_TOKENS = 64;
const THREADS = 1;

export const llm: Benchmark = {
  name: 'llm',
  about: 'our LLM server, asked over HTTP, against node-llama-cpp called directly (same model, prompt and threads)',
  async run(context) {
    const paths = pathsWithModels(path.join(context.scratch, 'home'));
    const [model] = await ensureModels([MODEL]);
    if (!model) throw new Error(`${MODEL} is not here`);
    context.log(`starting ${MODEL} twice`);
    const served = await ensureLlmServer(paths, MODEL, { contextTokens: CONTEXT_TOKENS });
    context.defer(async () => {
      await stopServers(paths, MODEL);
    });
    const direct = await startDirect(fileOf(model, 'model.gguf'));
    context.defer(direct.close);
    return compare(context, served, direct);
  },
};

interface Answered {
  readonly firstTokenMs: number;
  readonly totalMs: number;
  readonly tokens: number;
  readonly text: string;
}

async function compare(context: BenchContext, served: ServedModel, direct: Direct): Promise<BenchRow[]> {
  const { messages, tokens } = await makePrompt(context, served);
  const ours = () => askServer(served, messages);
  const theirs = () => direct.ask(tokens, ANSWER_TOKENS);
  // The first answers warm both up, and show that both do the same.
  const [first, second] = [await ours(), await theirs()];
  const same = first.text === second.text ? 'same answer' : 'other words after a while: other batch size';

  const seen: { ours: Answered[]; theirs: Answered[] } = { ours: [], theirs: [] };
  const keep = (list: Answered[], ask: () => Promise<Answered>) => async () => {
    const answer = await ask();
    list.push(answer);
    return answer.totalMs;
  };
  const total = await interleave(
    { ours: keep(seen.ours, ours), theirs: keep(seen.theirs, theirs) },
    context.quick ? 2 : 7,
  );
  const prompt = `${tokens.length} prompt tokens, ${THREADS} thread, ${MODEL}`;
  const row = (measure: string, unit: string, of: (answer: Answered) => number, note: string): BenchRow => {
    const mine = seen.ours.map(of);
    const { median: value, min, max } = spread(mine);
    const other = seen.theirs.map(of);
    const facts = [note, `direct ${median(other).toPrecision(3)}`].filter(Boolean).join('; ');
    return { measure, value, unit, min, max, ratio: pairedRatio(mine, other), note: facts };
  };
  return [
    row('time to first token', 'ms', (answer) => answer.firstTokenMs, prompt),
    row('prefill', 'tokens/s', (answer) => (tokens.length * 1000) / answer.firstTokenMs, ''),
    row('decode', 'tokens/s', decodeRate, `${second.tokens} tokens; ${same}`),
    row('whole answer', 'ms', (answer) => answer.totalMs, ''),
    {
      measure: 'what HTTP, JSON and our loop add',
      value: median(total.ours.map((mine, round) => mine - (total.theirs[round] ?? Number.NaN))),
      unit: 'ms an answer',
    },
  ];
}

const decodeRate = ({ tokens, totalMs, firstTokenMs }: Answered): number =>
  ((tokens - 1) * 1000) / (totalMs - firstTokenMs);

const tokenizeSchema = z.object({ count: z.number(), tokens: z.array(z.number()) });

/** A question about passages, as many as make some 600 tokens, and the tokens the server makes of it. */
async function makePrompt(
  context: BenchContext,
  { url, key, model }: ServedModel,
): Promise<{ messages: Message[]; tokens: number[] }> {
  const { texts } = await englishPassages(context.data, 60);
  const passages: string[] = [];
  for (const text of texts) {
    passages.push(text);
    const content = `${passages.join('\n\n')}\n\nRetell this at length, sentence by sentence.`;
    const messages: Message[] = [{ role: 'user', content }];
    const response = await fetch(new URL('/tokenize', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ model, messages }),
    });
    const { count, tokens } = tokenizeSchema.parse(await response.json());
    if (count >= PROMPT_TOKENS) return { messages, tokens };
  }
  throw new Error('the corpus is too small for the prompt');
}

async function askServer({ url, key, model }: ServedModel, messages: readonly Message[]): Promise<Answered> {
  const endpoint: ChatEndpoint = { url, model, key };
  const sampling = { temperature: 0, seed: 1, maxTokens: ANSWER_TOKENS };
  const { text, firstTokenMs, totalMs, usage } = await streamChat(endpoint, { messages, sampling, strict: true });
  if (firstTokenMs === null || !usage) throw new Error('the server gave no answer');
  return { firstTokenMs, totalMs, tokens: usage.completionTokens, text };
}

interface Direct {
  ask(tokens: readonly number[], maxTokens: number): Promise<Answered>;
  close(): void;
}

const answeredSchema = z.object({
  firstTokenMs: z.number(),
  totalMs: z.number(),
  tokens: z.number(),
  text: z.string(),
});

async function startDirect(file: string): Promise<Direct> {
  const program = path.join(packageRoot(), 'dist', 'bench', 'direct-llama.js');
  const child = fork(program, [file, String(CONTEXT_TOKENS), String(THREADS)], { execArgv: [] });
  const gone = once(child, 'exit').then((): never => {
    throw new Error('the direct process ended');
  });
  gone.catch(() => undefined);
  const message = async (): Promise<unknown> => (await Promise.race([once(child, 'message'), gone]))[0];
  await message();
  return {
    async ask(tokens, maxTokens) {
      const reply = message();
      child.send({ tokens, maxTokens });
      return answeredSchema.parse(await reply);
    },
    close: () => {
      child.kill('SIGKILL');
    },
  };
}
