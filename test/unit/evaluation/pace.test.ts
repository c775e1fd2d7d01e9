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
  const one = { has: false, leave: async (_tokens?: number) => {} };
  void pace.take(column).then((place) => {
    one.has = true;
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
