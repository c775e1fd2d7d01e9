import { expect, it } from 'vitest';
import { withOracle } from '../../../src/evaluation/oracle.ts';
import { parseColumns } from '../../../src/rag/columns.ts';

it('gives each LLM that reads what was found the gold passage, once, asked alike', () => {
  const asked = [
    'name=base,llm=a,embedder=x,mode=vector,top-k=5,prompt=sft,temperature=0.5',
    'name=base2,llm=a,embedder=y,prompt=sft,temperature=0.5',
    'name=tuned,llm=b,prompt=sft',
    'name=only,llm=none,embedder=x',
    'name=gold,llm=c,context=gold',
    'name=found,llm=c',
  ];
  const made = withOracle(asked);
  expect(made.slice(asked.length)).toEqual([
    'name=oracle-base,llm=a,prompt=sft,temperature=0.5,context=gold',
    'name=oracle-tuned,llm=b,prompt=sft,context=gold',
  ]);
  expect(parseColumns(made).at(-1)).toMatchObject({ name: 'oracle-tuned', llm: 'b', context: 'gold', prompt: 'sft' });
  expect(withOracle(made)).toEqual(made);
});

it('takes another name where one is taken', () => {
  const [, , third] = withOracle(['name=oracle-a,llm=none', 'name=a,llm=m']);
  expect(third).toBe('name=oracle-a-2,llm=m,context=gold');
});
