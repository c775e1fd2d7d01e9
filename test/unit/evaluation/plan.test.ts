import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { QaRow } from '../../../src/datasets/types.ts';
import { answerBaselines, bestSentence } from '../../../src/evaluation/baselines.ts';
import { ItemLog, itemsFile, readItems } from '../../../src/evaluation/item-log.ts';
import { planItems } from '../../../src/evaluation/plan.ts';
import { RunTally } from '../../../src/evaluation/tally.ts';
import { parseColumn, parseColumns } from '../../../src/rag/columns.ts';
import { result } from './results.ts';

const row = (id: string, contextId: string, over: Partial<QaRow> = {}): QaRow => ({
  id,
  contextId,
  context: `passage ${contextId}`,
  question: `question ${id}`,
  answers: [`answer ${id}`],
  metadata: {},
  ...over,
});
const rows = Array.from({ length: 40 }, (_, i) => row(`r${i}`, `c${i % 8}`));

describe('the plan of a run', () => {
  it('keeps items of a context together and depends on the seed alone', () => {
    const items = planItems(rows, { limit: null, seed: 1 });
    expect(items.map(({ id }) => id).sort()).toEqual(rows.map(({ id }) => id).sort());
    const runs = items.filter(({ contextId }, i) => contextId !== items[i - 1]?.contextId);
    expect(runs).toHaveLength(8);
    expect(planItems(rows, { limit: null, seed: 1 })).toEqual(items);
    expect(planItems(rows, { limit: null, seed: 2 })).not.toEqual(items);
  });

  it('a smaller limit is a part of a larger one', () => {
    const ids = (limit: number) => new Set(planItems(rows, { limit, seed: 7 }).map(({ id }) => id));
    expect(ids(10).size).toBe(10);
    for (const id of ids(10)) expect(ids(25)).toContain(id);
  });

  it('leaves out incomplete rows and tells rows of one id apart', () => {
    const items = planItems(
      [
        row('a', 'c'),
        row('a', 'c', { question: 'other' }),
        row('b', 'c', { question: ' ' }),
        row('d', 'c', { answers: [''] }),
      ],
      { limit: null, seed: 1 },
    );
    expect(items.map(({ id }) => id).sort()).toEqual(['a', 'a~2']);
    expect(new Set(items.map(({ content }) => content)).size).toBe(2);
  });
});

describe('columns on the command line', () => {
  it('reads every key', () => {
    expect(
      parseColumn(
        'name=tuned,llm=m,embedder=e,group=line,mode=vector,top-k=1,reranker=r,instruction=off,context=retrieved,prompt=sft,temperature=0.5,seed=7,max-tokens=64',
      ),
    ).toEqual({
      name: 'tuned',
      llm: 'm',
      embedder: 'e',
      group: 'line',
      mode: 'vector',
      topK: 1,
      reranker: 'r',
      instruction: false,
      context: 'retrieved',
      prompt: 'sft',
      sampling: { temperature: 0.5, seed: 7, maxTokens: 64 },
    });
  });

  it('has the defaults of asking', () => {
    expect(parseColumn('name=base, llm=m')).toMatchObject({
      mode: 'hybrid',
      topK: 3,
      instruction: true,
      context: 'retrieved',
      prompt: 'default',
      sampling: { temperature: 0, seed: 1314, maxTokens: 256 },
    });
    expect(parseColumn('name=embedder').llm).toBe('none');
  });

  it.each([
    ['llm=m', /no name/],
    ['name=a,colour=red', /"colour=red" is not KEY=VALUE/],
    ['name=a,llm', /"llm" is not KEY=VALUE/],
    ['name=a,top-k=many', /top-k is not a number/],
    ['name=a,top-k=0', /topK/],
    ['name=a,seed=', /seed is not a number/],
    ['name=a,instruction=yes', /on or off/],
    ['name=a,name=b', /twice/],
    ['name=a,context=gold', /nothing to measure/],
    ['name=a/b,llm=m', /up to 40 characters/],
    ['', /is not KEY=VALUE/],
  ])('refuses %s', (text, why) => expect(() => parseColumn(text)).toThrow(why));

  it('refuses two of one name', () => {
    expect(() => parseColumns(['name=a', 'name=a,mode=bm25'])).toThrow(/Two columns/);
  });
});

describe('baselines', () => {
  it.each([
    ['The sun rose. The keeper measured rain. It was cold.', 'Who measured the rain?', 'The keeper measured rain.'],
    ['他生于上海。1963年被任为主教；后来离世。', '什么时候被任为主教？', '1963年被任为主教；'],
    ['Costs were $3.5 million. Sales rose.', 'What were costs?', 'Costs were $3.5 million.'],
    ['no end', 'anything', 'no end'],
    ['', 'anything', ''],
  ])('copies the best sentence of %s', (context, question, expected) => {
    expect(bestSentence(context, question)).toBe(expected);
  });

  it('answers of others are never one’s own, nor of the same context where there is another', async () => {
    const items = planItems(rows, { limit: null, seed: 3 });
    const shuffled = answerBaselines(items, 3).find(({ name }) => name === 'shuffled-answer');
    for (const item of items) {
      const { output } = (await shuffled?.answer(item)) ?? {};
      const source = rows.find(({ answers }) => answers[0] === output);
      expect(source?.contextId).toBeDefined();
      expect(source?.contextId).not.toBe(item.contextId);
    }
  });

  it('an empty answer is empty, not ok', async () => {
    const [item] = planItems(rows, { limit: 1, seed: 1 });
    const empty = answerBaselines(item ? [item] : [], 1).find(({ name }) => name === 'empty');
    expect(item && (await empty?.answer(item))).toMatchObject({ output: '', state: 'empty' });
  });
});

describe('the log of items', () => {
  it('forgets a torn line and goes on after it', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-items-'));
    try {
      const first = new ItemLog(folder);
      await first.append(result({ item: 'a' }));
      await first.close();
      appendFileSync(itemsFile(folder), '{"v":1,"column":"base","it');
      expect(readItems(folder).map(({ item }) => item)).toEqual(['a']);
      const second = new ItemLog(folder);
      await second.append(result({ item: 'b', output: '断\u2028行\n' }));
      await second.close();
      expect(readItems(folder)).toEqual([result({ item: 'a' }), result({ item: 'b', output: '断\u2028行\n' })]);
      expect(readFileSync(itemsFile(folder), 'utf8').endsWith('\n')).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('takes what comes while the disk is busy in its order, each there when it is said to be', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-item-log-'));
    try {
      const log = new ItemLog(folder);
      const names = Array.from({ length: 50 }, (_, i) => `q${i}`);
      const there = await Promise.all(
        names.map(async (item) => {
          await log.append(result({ item }));
          return readItems(folder).some((one) => one.item === item);
        }),
      );
      expect(there).toEqual(names.map(() => true));
      const last = log.append(result({ item: 'last' }));
      await log.close();
      await last;
      expect(readItems(folder).map(({ item }) => item)).toEqual([...names, 'last']);
      // What cannot be written is not finished.
      await expect(log.append(result({ item: 'late' }))).rejects.toThrow(/EBADF/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is empty where there is none', () => expect(readItems('/nowhere/at/all')).toEqual([]));
});

describe('the tally', () => {
  const WORKING = { inWork: 1, places: 1, pausedSince: null };
  const fresh = (now: number) => ({ done: false, now });
  const earlier = (now: number) => ({ done: true, now });

  it('counts fresh items for the speed, failures as 0, and means by column', () => {
    const tally = new RunTally(4, 'exact', 0);
    expect(tally.add(result({ item: 'q0', scores: { exact: 1 }, reusedFrom: 'earlier' }), earlier(0))).toEqual({
      step: 1,
      mean: 1,
    });
    expect(tally.add(result({ state: 'error', scores: { exact: null } }), fresh(1000))).toEqual({ step: 2, mean: 0.5 });
    expect(tally.add(result({ column: 'bm25', scores: { 'hit@1': 1 } }), fresh(2000))).toBeUndefined();
    expect(tally.progress(2000, WORKING)).toMatchObject({
      done: 3,
      total: 4,
      rate: 1,
      secondsLeft: 1,
      details: { errors: 1, reused: 1, 'base exact': 0.5, 'tokens/s': 8 },
    });
  });

  it('after a resume goes by what is asked now: what was done before, baselines too, has no speed', () => {
    // 100 questions, one column and one baseline each; 50 were done.
    const tally = new RunTally(200, 'exact', 0);
    for (let i = 0; i < 50; i += 1) {
      tally.add(result({ item: `q${i}` }), earlier(2000));
      tally.add(result({ item: `q${i}`, column: 'empty' }), earlier(2000));
    }
    expect(tally.progress(2000, WORKING)).toMatchObject({ done: 100, rate: null, secondsLeft: null });
    // 10 s each from here on.
    tally.add(result({ item: 'q50' }), fresh(12_000));
    tally.add(result({ item: 'q50', column: 'empty' }), fresh(12_000));
    expect(tally.progress(12_000, WORKING)).toMatchObject({ done: 102, rate: 0.2, secondsLeft: 490 });
  });

  it('expects a baseline that another run has done to come for nothing again', () => {
    const tally = new RunTally(20, 'exact', 0);
    tally.add(result({ item: 'q1' }), fresh(10_000));
    tally.add(result({ item: 'q1', column: 'empty' }), earlier(10_000));
    // 9 questions of 10 s are left.
    expect(tally.progress(10_000, WORKING)).toMatchObject({ secondsLeft: 90 });
  });
});
