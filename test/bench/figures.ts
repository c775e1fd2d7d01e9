import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { writeJsonFile } from '../../src/jobs/folder.ts';
import { type JobId, jobIdSchema } from '../../src/jobs/types.ts';
import { type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { parseColumns } from '../../src/rag/columns.ts';
import { realEvaluation } from '../../stores/loop-ports.ts';
import type { Benchmark } from './types.ts';

const CONTEXTS = 848;
const METRICS = [
  ...['token-f1', 'exact', 'verbatim', 'contains', 'rouge-l', 'no-answer', 'origin-tutorial'],
  ...['hit@1', 'hit@5', 'mrr@10'],
];
const COLUMNS = ['a', 'b', 'c', 'd'];

/** How long one turn of the screen's process is at most while the figures of a large run come (`stores/loop-ports.ts`). */
export const figures: Benchmark = {
  name: 'figures',
  about: 'figures of a large run on their way to the screen',
  run: async ({ quick, scratch, log }) => {
    const questions = quick ? 300 : 3219;
    const paths = workspacePaths(scratch, process.env);
    const run = makeRun(paths, questions);
    log(`reading ${questions} questions × ${COLUMNS.length} columns × ${METRICS.length} metrics`);
    const turns = longestTurn();
    const begun = performance.now();
    const found = await realEvaluation(paths).figures(run, new AbortController().signal);
    const seconds = (performance.now() - begun) / 1000;
    const longest = turns.stop();
    const text = JSON.stringify(found);
    const parsing = worked();
    JSON.parse(text);
    const whole = worked() - parsing;
    return [
      {
        measure: 'most work in one turn while they come',
        value: longest,
        unit: 'ms',
        budget: { most: 20 },
        note: `${found.questions.length} questions, ${(text.length / 1e6).toFixed(1)} MB of JSON`,
      },
      { measure: 'reading them as one message', value: whole, unit: 'ms' },
      { measure: 'all of it, in the helper too', value: seconds, unit: 's' },
    ];
  },
};

const worked = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** The most time on the processor between two looks of the event loop, ms: other programs do not count. */
function longestTurn(): { stop(): number } {
  let longest = 0;
  let last = worked();
  let over = false;
  const look = (): void => {
    const now = worked();
    longest = Math.max(longest, now - last);
    last = now;
    if (!over) setImmediate(look);
  };
  setImmediate(look);
  return {
    stop: () => {
      over = true;
      return longest;
    },
  };
}

/** A finished run whose dataset is gone: only its items are read. */
function makeRun(paths: WorkspacePaths, questions: number): JobId {
  const id = jobIdSchema.parse('20261129-080000-evaluate-0000');
  const folder = path.join(paths.jobs, id);
  mkdirSync(folder, { recursive: true });
  const columns = parseColumns(COLUMNS.map((name, at) => `name=${name},llm=m,embedder=e,seed=${at}`));
  writeJsonFile(path.join(folder, 'spec.json'), {
    version: 1,
    id,
    name: 'bench',
    createdAt: '2026-11-29T08:00:00.000Z',
    work: {
      kind: 'evaluate',
      dataset: 'gone',
      version: 'v-000000000000',
      split: 'all',
      limit: null,
      seed: 1,
      kb: 'kb',
      columns,
      metrics: METRICS,
      primary: 'token-f1',
      baselines: true,
      concurrency: 1,
      reuse: true,
    },
  });
  const lines = Array.from({ length: questions }, (_, i) => COLUMNS.map((column) => JSON.stringify(item(column, i))));
  writeFileSync(path.join(folder, 'items.jsonl'), `${lines.flat().join('\n')}\n`);
  return id;
}

const item = (column: string, i: number): object => ({
  v: 1,
  column,
  item: `q${i}`,
  place: i,
  content: `content ${i}`,
  contextId: `c${i % CONTEXTS}`,
  answerKey: 'a',
  key: `${column} ${i}`,
  state: 'ok',
  question: `绿茶要用多热的水？${i}`,
  answers: ['八十度的水'],
  output: `用八十度的水，${i}。`,
  finish: 'stop',
  error: null,
  retrieved: [0, 1, 2, 3, 4].map((at) => ({
    document: `d.jsonl#c${(i + at) % CONTEXTS}`,
    text: `${(i + at) % CONTEXTS} ${'水温八十度的绿茶，'.repeat(50)}`,
    score: 0.5,
  })),
  cut: '',
  scores: Object.fromEntries(METRICS.map((name, at) => [name, ((i * 7 + at * 3 + column.charCodeAt(0)) % 11) / 10])),
  usage: { promptTokens: 100, completionTokens: 10 },
  timing: { retrievalMs: 1, firstTokenMs: 2, totalMs: 3 },
});
