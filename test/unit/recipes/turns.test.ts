import { describe, expect, test } from 'vitest';
import { planRecipe } from '../../../src/recipes/plan.ts';
import { readRecipe } from '../../../src/recipes/read.ts';
import { turnsOf } from '../../../src/recipes/turns.ts';

const recipe = (sweep: string, train: string) => `recipe: 1
name: many
vars: {rank: 8, where: 'slurm:login'}
sweep: ${sweep}
datasets:
  all: {import: {file: rows.jsonl}, split: {by: context, test: 10}}
train:
${train}
columns: {mine: {llm: tuned, context: gold}}
evaluate: {answers: {dataset: all, columns: [mine]}}
`;
const tuned = `  tuned: {kind: llm, dataset: all, base: smol, launcher: "\${where}", set: {lora_rank: "\${rank}"}}`;

/** Ids of the steps, turn by turn. */
function turns(text: string): string[][] {
  const { name, variants, problems } = readRecipe(text);
  expect(problems).toEqual([]);
  return turnsOf(planRecipe(name, variants).steps).map((turn) => turn.map(({ id }) => id));
}
const together = (text: string) => turns(text).filter((turn) => turn.length > 1);
const range = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

describe('the turns of a recipe', () => {
  test('trainings of a sweep that go to one Slurm take one turn, before what needs them', () => {
    expect(turns(recipe('{over: {rank: [4, 8, 16]}}', tuned))).toEqual([
      ['engine llamafactory slurm:login'],
      ['models'],
      ['import all'],
      ['split all'],
      ['train tuned', 'train tuned 2', 'train tuned 3'],
      ['evaluate answers'],
      ['evaluate answers 2'],
      ['evaluate answers 3'],
    ]);
  });

  test('elsewhere each takes its own, in the order of the plan', () => {
    for (const where of ['local', 'ssh:login']) {
      const text = recipe('{over: {rank: [4, 8]}}', tuned).replace('slurm:login', where);
      const { name, variants } = readRecipe(text);
      expect(turns(text)).toEqual(planRecipe(name, variants).steps.map(({ id }) => [id]));
    }
  });

  test('another Slurm is another turn, and one alone is none', () => {
    const list = [1, 2].flatMap((rank) => ['a', 'b'].map((host) => `{rank: ${rank}, where: 'slurm:${host}'}`));
    expect(together(recipe(`{list: [${list.join(', ')}]}`, tuned))).toEqual([
      ['train tuned', 'train tuned 3'],
      ['train tuned 2', 'train tuned 4'],
    ]);
    expect(together(recipe(`{list: [${list.slice(0, 2).join(', ')}]}`, tuned))).toEqual([]);
  });

  test('what each variant needs of its own is done before all of them', () => {
    const text = recipe('{over: {rank: [4, 8]}}', tuned.replace('dataset: all', 'dataset: few')).replace(
      'train:\n',
      `  few: {from: all, part: train, limit: "\${rank}"}\ntrain:\n`,
    );
    const order = turns(text);
    const at = (id: string) => order.findIndex((turn) => turn.includes(id));
    expect(at('train tuned')).toBe(at('train tuned 2'));
    expect(at('select few 2')).toBeLessThan(at('train tuned'));
    expect(order.flat().sort()).toEqual([...new Set(order.flat())].sort());
  });

  test('trainings of both kinds go together', () => {
    const finder = `  finder: {kind: embedder, dataset: all, base: all-minilm-l6-v2-base, launcher: "\${where}"}`;
    expect(together(recipe('{over: {rank: [4, 8]}}', `${tuned}\n${finder}`))).toEqual([
      ['train tuned', 'train finder', 'train tuned 2'],
    ]);
  });

  test('a large sweep goes in parts of sixteen', () => {
    const text = recipe(`{over: {rank: [${range(40).join(', ')}]}}`, tuned);
    expect(together(text).map(({ length }) => length)).toEqual([16, 16, 8]);
  });
});

describe('at-once of a sweep', () => {
  const read = (sweep: string) => readRecipe(recipe(sweep, tuned));
  test('is read beside what is swept', () => {
    expect(read('{over: {rank: [4, 8]}, at-once: 2}')).toMatchObject({ atOnce: 2, problems: [] });
    expect(read('{over: {rank: [4, 8]}}').atOnce).toBeUndefined();
  });
  test.each(['0', '1.5', 'two'])('says what it must be: %s', (value) => {
    expect(read(`{over: {rank: [4, 8]}, at-once: ${value}}`).problems).toMatchObject([
      { line: 4, message: 'at-once is a whole number, 1 or more.' },
    ]);
  });
});
