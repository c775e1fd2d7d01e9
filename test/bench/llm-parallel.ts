import path from 'node:path';
import { streamChat } from '../../src/models/endpoint.ts';
import type { Message } from '../../src/rag/types.ts';
import { ensureLlmServer, type ServedModel, stopServers } from '../../src/serving/llama.ts';
import { ensureModels, pathsWithModels } from '../support/models.ts';
import { interleave, pairedRatio, spread } from './stats.ts';
import type { BenchContext, Benchmark, BenchRow } from './types.ts';

const MODEL = 'smollm2-135m-instruct';
const CONTEXT_TOKENS = 2048;
const ANSWER_TOKENS = 64;
/** Long enough to be a passage or three; every request begins with another word, so that nothing is reused. */
const PASSAGE = 'The tide comes in twice a day and goes out again, and the boats wait for it in the harbour. '.repeat(
  25,
);

export const llmParallel: Benchmark = {
  name: 'llm-parallel',
  about: 'parallel chats read by the engine as one batch, against the same requests one after another',
  async run(context) {
    const paths = pathsWithModels(path.join(context.scratch, 'home'));
    await ensureModels([MODEL]);
    context.log(`starting ${MODEL}`);
    const server = await ensureLlmServer(paths, MODEL, { contextTokens: CONTEXT_TOKENS });
    context.defer(async () => {
      await stopServers(paths, MODEL);
    });
    const rows: BenchRow[] = [];
    for (const parallel of [1, 2, 4]) rows.push(await measure(context, server, parallel, ''));
    rows.push(await measure(context, server, 4, PASSAGE));
    rows.push(await sameAnswers(context, server));
    return rows;
  },
};

async function measure(
  { log, quick }: BenchContext,
  server: ServedModel,
  parallel: number,
  passage: string,
): Promise<BenchRow> {
  log(`${parallel} at once${passage ? ', long prompts' : ''}`);
  let asked = 0;
  const rate = (strict: boolean) => async () => {
    const started = performance.now();
    const answers = await Promise.all(
      Array.from({ length: parallel }, () => {
        asked += 1;
        return ask(server, question(asked, passage), strict);
      }),
    );
    const tokens = answers.reduce((sum, { usage }) => sum + (usage?.completionTokens ?? 0), 0);
    return (tokens * 1000) / (performance.now() - started);
  };
  // The first chat makes the context for several.
  await rate(false)();
  const { batched, queued } = await interleave({ batched: rate(false), queued: rate(true) }, quick ? 2 : 7);
  const { median: value, min, max } = spread(batched);
  const facts = `queued ${spread(queued).median.toPrecision(3)}; ${passage ? 'some 550' : 'some 50'} prompt tokens`;
  return {
    measure: `${parallel} at once${passage ? ', long prompts' : ''}`,
    value,
    unit: 'answer tokens/s of all together',
    min,
    max,
    ratio: pairedRatio(batched, queued),
    note: facts,
  };
}

/** Whether an answer depends on what is read beside it: the reason why comparisons and evaluations run alone. */
async function sameAnswers({ log, quick }: BenchContext, server: ServedModel): Promise<BenchRow> {
  log('answers alone and beside others');
  const count = quick ? 4 : 20;
  let same = 0;
  for (let first = 0; first < count; first += 4) {
    const questions = [0, 1, 2, 3].map((at) => question(10_000 + first + at, at % 2 === 0 ? PASSAGE : ''));
    const alone: string[] = [];
    for (const messages of questions) alone.push((await ask(server, messages, true)).text);
    const beside = await Promise.all(questions.map((messages) => ask(server, messages, false)));
    same += beside.filter(({ text }, at) => text === alone[at]).length;
  }
  return { measure: 'the same to the letter beside three others', value: same, unit: `of ${count} answers` };
}

const TOPICS = ['tides', 'lighthouses', 'bread', 'bicycles', 'volcanoes', 'bees', 'chess', 'rivers', 'clocks'];

const question = (at: number, passage: string): Message[] => [
  { role: 'system', content: `Request ${at}. You are a helpful assistant.` },
  { role: 'user', content: `${passage}\nWrite five long sentences about ${TOPICS[at % TOPICS.length]}.` },
];

const ask = (server: ServedModel, messages: readonly Message[], strict: boolean) =>
  streamChat(server, { messages, sampling: { temperature: 0, seed: 1, maxTokens: ANSWER_TOKENS }, strict });
