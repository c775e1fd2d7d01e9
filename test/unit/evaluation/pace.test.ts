import { expect, it } from 'vitest';
import type { ReadyColumn } from '../../../src/evaluation/ask-column.ts';
import { Pace } from '../../../src/evaluation/pace.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';
import { parseColumn } from '../../../src/rag/columns.ts';
import { findPrompt } from '../../../src/rag/prompts.ts';

/** A column that asks the server at `url`. */
function sample(name: string, url: string): ReadyColumn {
  const endpoint = { name, url, model: name, contextTokens: null, embedded: false };
  const llm = { endpoint, digest: name, contextTokens: null, again: async () => endpoint };
  return {
    column: parseColumn(`name=${name},llm=${name},context=gold`),
    template: findPrompt(workspacePaths('/nowhere'), 'sft'),
    llm,
  };
}

/** Lets everything go on that can. */
const rest = () => new Promise((resolve) => setImmediate(resolve));

/** Takes a place and tells when it has it. */
function asks(pace: Pace, column: ReadyColumn) {
  const one = { has: false, server: '', leave: async (_tokens?: number) => {} };
  void pace.take(column).then((place) => {
    one.has = true;
    one.server = place.server ?? '';
    one.leave = async (tokens) => {
      place.leave(tokens);
      await rest();
    };
  });
  return one;
}

const [base, tuned, elsewhere] = [
  sample('base', 'http://127.0.0.1:1/v1'),
  sample('tuned', 'http://127.0.0.1:1/v1/'),
  sample('elsewhere', 'http://127.0.0.1:2/v1'),
];

it('columns of one server stand in one line, those of another in their own', async () => {
  const pace = new Pace('auto', [base, tuned, elsewhere]);
  expect([pace.places, pace.items]).toEqual([2, 3]);
  const first = asks(pace, base);
  const second = asks(pace, tuned);
  const other = asks(pace, elsewhere);
  await rest();
  expect([first.has, second.has, other.has]).toEqual([true, false, true]);
  await first.leave(5);
  expect(second.has).toBe(true);
});

it('as many as a person said, whatever the servers are; and as many as they take when it is theirs again', async () => {
  const pace = new Pace(3, [base, tuned]);
  const all = [base, tuned, base].map((column) => asks(pace, column));
  await rest();
  expect([pace.places, pace.items, all.every(({ has }) => has)]).toEqual([3, 3, true]);
  pace.say('auto');
  expect(pace.places).toBe(1);
  const next = asks(pace, base);
  await rest();
  expect(next.has).toBe(false);
  for (const one of all) await one.leave(1);
  expect(next.has).toBe(true);
});

it('nobody waits any more when a run is over', async () => {
  const pace = new Pace('auto', [base]);
  const all = [asks(pace, base), asks(pace, base), asks(pace, base)];
  await rest();
  expect(all.filter(({ has }) => has)).toHaveLength(1);
  pace.dissolve();
  await rest();
  expect(all.every(({ has }) => has)).toBe(true);
});

it('a pool has the places of all its servers together; each place is at the server with fewest in work', async () => {
  const [a, b] = ['http://127.0.0.1:3/v1', 'http://127.0.0.1:4/v1'];
  const one = sample('pool', a);
  const { llm } = one;
  if (!llm) throw new Error('no LLM');
  const members = [{ url: a }, { url: b }];
  const pool = { ...one, llm: { ...llm, endpoint: { ...llm.endpoint, pool: { members } } } };
  const pace = new Pace('auto', [pool, sample('alone', a)]);
  expect(pace.places).toBe(2);
  const first = asks(pace, pool);
  const second = asks(pace, pool);
  const third = asks(pace, pool);
  await rest();
  expect([first.has, second.has, third.has]).toEqual([true, true, false]);
  expect(new Set([first.server, second.server])).toEqual(new Set([a, b]));
  // Whoever asks one of them alone stands in the same line.
  const alone = asks(pace, sample('alone', a));
  await rest();
  expect(alone.has).toBe(false);
  await (first.server === b ? first : second).leave(5);
  expect([third.has, third.server, alone.has]).toEqual([true, b, false]);
  await (first.server === a ? first : second).leave(5);
  expect(alone.has).toBe(true);
});
