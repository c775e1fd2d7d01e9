import { describe, expect, test } from 'vitest';
import { readRecipe } from '../../../src/recipes/read.ts';

/** `${name}` in a recipe. */
const ref = (name: string) => `$\{${name}}`;
const GOOD = `recipe: 1
name: small
vars:
  data: {about: where it lies}
  k: 3
datasets:
  all:
    import: {file: "\${data}/rows.jsonl"}
    split: {by: context, test: 10}
  few:
    from: all
    part: train
    limit: 20
kbs:
  passages:
    dataset: all
    part: test
    groups: [line]
    embedders: [tuned.base, tuned]
train:
  tuned:
    kind: embedder
    dataset: few
    base: some-base
columns:
  before: {embedder: tuned.base, mode: vector, top-k: "\${k}"}
  after: {embedder: tuned, mode: vector, top-k: "\${k}"}
evaluate:
  search:
    dataset: all
    kb: passages
    columns: [before, after]
    metrics: [mrr@10, hit@1]
gates:
  - {evaluation: search, column: after, baseline: before}
`;
const given = { data: '/here' };
/** \`line:column message | hint\`. */
const said = (text: string, vars: Record<string, string | number> = given) =>
  readRecipe(text, vars).problems.map(({ line, column, message, hint }) => `${line}:${column} ${message} | ${hint}`);
const changed = (from: string | RegExp, to: string) => said(GOOD.replace(from, to));

test('a sound recipe has no problems, its variables have their values, numbers stay numbers', () => {
  const read = readRecipe(GOOD, given);
  expect(read.problems).toEqual([]);
  expect(read.variants).toHaveLength(1);
  const [{ recipe } = { recipe: undefined }] = read.variants;
  expect(recipe?.datasets['all']?.import?.file).toBe('/here/rows.jsonl');
  expect(recipe?.columns['after']?.['top-k']).toBe(3);
  expect(readRecipe(GOOD, { ...given, k: 5 }).variants[0]?.recipe.columns['after']?.['top-k']).toBe(5);
  expect(read.vars).toEqual([
    { name: 'data', about: 'where it lies', value: '/here', swept: false },
    { name: 'k', about: '', value: 3, swept: false },
  ]);
});

describe('what is wrong is said by line and column, with the nearest word', () => {
  test.each([
    ['an unknown key', 'limit: 20', 'limt: 20', '13:5 "limt" is not known here. | Did you mean "limit"?'],
    ['an unknown block', 'kbs:', 'kb:', '14:1 "kb" is not known here. | Did you mean "kbs"?'],
    ['a wrong choice', 'by: context', 'by: contxt', '9:17 "contxt" cannot stand here. | Did you mean "context"?'],
    ['a wrong kind of value', 'limit: 20', 'limit: many', '13:12 datasets.few.limit must be a number. | '],
    ['a dataset that is not there', 'from: all', 'from: al', '11:11 There is no dataset "al". | Did you mean "all"?'],
    [
      'a part that is not there',
      'part: train',
      'part: tain',
      '12:11 There is no part of all "tain". | Did you mean "train"?',
    ],
    [
      'a column that is not there',
      '[before, after]',
      '[before, aftr]',
      '32:23 There is no column "aftr". | Did you mean "after"?',
    ],
    ['a metric that is not there', 'hit@1]', 'hits@1]', '33:23 There is no metric "hits@1". | Did you mean "hit@1"?'],
  ])('%s', (_, from, to, expected) => {
    expect(changed(from, to)).toContain(expected);
  });

  test('a variable that is not there, and one that has no value', () => {
    expect(changed(`top-k: "${ref('k')}"}`, `top-k: "${ref('kk')}"}`)).toContain(
      '26:55 There is no variable "kk". | Did you mean "k"?',
    );
    expect(said(GOOD, {})).toEqual(['4:3 The variable "data" has no value (where it lies). | Give it: --var data=…']);
    expect(said(GOOD, { ...given, dat: 1 })).toEqual(['3:1 There is no variable "dat" to set. | Did you mean "data"?']);
  });

  test('YAML that cannot be read, keys that are there twice, aliases', () => {
    expect(said('recipe: 1\nname: [x\n')[0]).toMatch(/^3:1 /);
    expect(said('recipe: 1\nname: x\nname: y\n')[0]).toMatch(/^3:1 Map keys must be unique/);
    expect(said('recipe: 1\nname: &a x\nabout: *a\n')[0]).toMatch(/^3:8 Aliases/);
    expect(said('just words')[0]).toMatch(/^1:1 This is no recipe/);
  });

  test('what is missing is looked for where it is missing', () => {
    expect(changed('    base: some-base\n', '')).toEqual(['21:3 train.tuned.base is missing. | It is a text.']);
  });

  test('a training of the wrong kind, a column that searches without a knowledge base', () => {
    expect(changed('before: {embedder: tuned.base', 'before: {llm: tuned.base')).toContain(
      '26:17 tuned trains an embedder, not an LLM. | ',
    );
    expect(changed('    kb: passages\n', '')).toContain('31:15 before searches: the evaluation needs a kb. | ');
  });

  test('nothing that would name a server or a key of its own', () => {
    expect(changed('mode: vector, top-k', 'url: "http://elsewhere", top-k')[0]).toMatch(/"url" is not known here/);
    expect(changed('name: small', 'name: ../../small')[0]).toMatch(/^2:7 name/);
  });
});

describe('a sweep', () => {
  const swept = (block: string, vars: Record<string, string | number> = given) =>
    readRecipe(GOOD.replace('datasets:', `${block}\ndatasets:`), vars);
  const values = (block: string, vars?: Record<string, string>) => swept(block, vars).variants.map((one) => one.values);

  test('over values makes every combination, the last one changing fastest', () => {
    expect(values('sweep: {over: {k: [1, 5], data: [/a, /b]}}', {})).toEqual([
      { k: 1, data: '/a' },
      { k: 1, data: '/b' },
      { k: 5, data: '/a' },
      { k: 5, data: '/b' },
    ]);
  });

  test('of more variants than there may be is refused before they are made', () => {
    const names = Array.from({ length: 10 }, (_, at) => `v${at}`);
    const list = (of: (name: string) => string) => `{${names.map((name) => `${name}: ${of(name)}`).join(', ')}}`;
    const { problems } = readRecipe(
      `recipe: 1\nname: many\nvars: ${list(() => '1')}\nsweep: {over: ${list(() => `[${'1,'.repeat(19)}1]`)}}\n`,
    );
    // 20 to the 10th.
    expect(problems.map(({ message }) => message)).toEqual(['This makes 10240000000000 variants; 64 are the most.']);
  });

  test('by a list makes exactly these', () => {
    expect(values('sweep: {list: [{k: 1}, {k: 2, data: /c}]}')).toEqual([{ k: 1 }, { k: 2, data: '/c' }]);
  });

  test.each([
    ['{over: {k: [1, 5]}}', '6:19'],
    ['{list: [{k: 1}, {k: 5}]}', '6:20'],
  ])('%s leaves no use for a value that is given: that is said', (sweep, place) => {
    const { problems, vars } = swept(`sweep: ${sweep}`, { ...given, k: 7 });
    expect(problems.map(({ line, column, message, hint }) => `${line}:${column} ${message} | ${hint}`)).toEqual([
      `${place} The sweep sets "k" in every variant: a value given for it would not be used. | Leave out --var k, or take k out of the sweep.`,
    ]);
    expect(vars.map(({ name, swept: isSwept }) => [name, isSwept])).toEqual([
      ['data', false],
      ['k', true],
    ]);
  });

  test('that sets a variable in some variants only takes the given value in the others', () => {
    const { problems, variants } = swept('sweep: {list: [{k: 1}, {data: /c}]}', { ...given, k: 7 });
    expect(problems).toEqual([]);
    expect(variants.map(({ recipe }) => recipe.columns['after']?.['top-k'])).toEqual([1, 7]);
  });

  test('of what is no variable, or of nothing, is said', () => {
    expect(swept('sweep: {over: {kk: [1]}}').problems[0]).toMatchObject({
      line: 6,
      message: 'There is no variable "kk".',
    });
    expect(swept('sweep: {}').problems[0]?.message).toMatch(/either "over" or "list"/);
  });
});
