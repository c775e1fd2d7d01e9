import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../src/platform/entry.ts';
import { load, loadPath, refusal } from './helpers.ts';

describe('csv', () => {
  test('a text column, a title column, an id column', async () => {
    const csv =
      '\ufeffid,title,text,year\r\n7,Mirrors,"Made of ""glass"",\r\nthen silvered.",1990\r\n8,Domes,They turn.,1991\r\n';
    expect(await load('a.csv', csv)).toEqual([
      { key: '7', title: 'Mirrors', text: 'Made of "glass",\nthen silvered.', metadata: { id: '7', year: '1990' } },
      { key: '8', title: 'Domes', text: 'They turn.', metadata: { id: '8', year: '1991' } },
    ]);
  });

  test('without a text column a row is its values', async () => {
    const documents = await load('b.csv', 'tea;water;minutes\nLongjing;80;3\nPuer;100;\n');
    expect(documents.map(({ text }) => text)).toEqual([
      'tea: Longjing\nwater: 80\nminutes: 3',
      'tea: Puer\nwater: 100',
    ]);
    expect(documents.every(({ key }) => /^[0-9a-f]{16}$/.test(key))).toBe(true);
  });

  test('keys follow the text when the id column repeats itself; equal texts are counted', async () => {
    const before = await load('c.csv', 'id,text\n1,one\n1,two\n2,one\n');
    expect(new Set(before.map(({ key }) => key)).size).toBe(3);
    expect(before[2]?.key).toBe(`${before[0]?.key}-2`);
    const after = await load('c.csv', 'id,text\n9,new\n1,two\n1,one\n');
    expect(after[1]?.key).toBe(before[1]?.key);
    expect(after[2]?.key).toBe(before[0]?.key);
  });

  test('question sets: equal contexts are one document, questions are no metadata', async () => {
    const csv =
      'question,answer,context,ticker\nWhat?,A,The context.,NVDA\nWhy?,B,The context.,NVDA\nWho?,C,Another.,AMD\n';
    const documents = await load('d.csv', csv);
    expect(documents.map(({ text, metadata }) => [text, metadata])).toEqual([
      ['The context.', { ticker: 'NVDA' }],
      ['Another.', { ticker: 'AMD' }],
    ]);
  });

  test('columns may be named; a wrong name is told the right ones', async () => {
    const csv = 'a\tb\nx\ty\n';
    const [document] = await load('e.tsv', csv, { textColumn: 'b', titleColumn: 'a' });
    expect(document).toMatchObject({ title: 'x', text: 'y' });
    expect(await refusal(load('e.tsv', csv, { textColumn: 'c' }))).toBe('usage: There is no column "c".');
  });

  test('GB18030 tables', async () => {
    // 标题,内容 / 龙井,绿茶。
    const [document] = await load('gb.csv', Buffer.from('b1eacce22cc4dac8dd0ac1fabeae2cc2ccb2e8a1a30a', 'hex'));
    expect(document).toMatchObject({ title: '龙井', text: '绿茶。', metadata: { encoding: 'gb18030' } });
  });

  test('a quote that never closes is an error, not a hang', async () => {
    expect(await refusal(load('q.csv', `text\n"${'x'.repeat(5_000_000)}`))).toMatch(/^corrupt: .*never closed/);
  });

  test('a header alone has no text', async () => {
    expect(await refusal(load('h.csv', 'id,text\n'))).toMatch(/^invalid: There is no text in it/);
  });
});

describe('jsonl', () => {
  test('one object, one document', async () => {
    const jsonl = '{"id":"a","text":"One.","n":1}\r\n\n{"id":"b","content":"Two.","title":"T","ok":true}\n"Three."';
    expect(await load('a.jsonl', jsonl)).toMatchObject([
      { text: 'One.', metadata: { n: 1 } },
      { title: 'T', text: 'Two.', metadata: { ok: true } },
      { text: 'Three.' },
    ]);
  });

  test('objects without a text field are their values', async () => {
    const [document] = await load('b.jsonl', '{"tea":"Puer","water":[95,100],"note":null}');
    expect(document?.text).toBe('tea: Puer\nwater: [95,100]');
  });

  test('the line that is wrong is named', async () => {
    expect(await refusal(load('c.jsonl', '{"text":"a"}\n{"text":\n'))).toBe('corrupt: Line 2 is not JSON.');
    expect(await refusal(load('d.jsonl', '{"text":"a"}\n[1]\n'))).toBe('unsupported: Line 2 is not a JSON object.');
  });

  test('a line without end is refused', async () => {
    expect(await refusal(load('e.jsonl', `{"text":"a"}\n${' '.repeat(17_000_000)}`))).toBe(
      'unsupported: Line 2 has more than 16,000,000 characters.',
    );
  });
});

describe('json', () => {
  test('CMRC 2018: each context once, under its id', async () => {
    const row = (id: string, text: string): object => ({ context_id: id, context_text: text, title: '茶', qas: [] });
    const json = JSON.stringify([row('A_1', '第一段。'), row('A_2', '第二段。'), row('A_1', '第一段。')]);
    expect(await load('a.json', json)).toEqual([
      { key: 'A_1', title: '茶', text: '第一段。', metadata: { format: 'json' } },
      { key: 'A_2', title: '茶', text: '第二段。', metadata: { format: 'json' } },
    ]);
  });

  test('SQuAD', async () => {
    const json = JSON.stringify({
      version: '1.1',
      data: [
        {
          title: 'Tea',
          paragraphs: [
            { context: 'Hot.', qas: [] },
            { id: 'P2', context: 'Cold.', qas: [] },
          ],
        },
      ],
    });
    const documents = await load('s.json', json);
    expect(documents.map(({ text, title }) => [title, text])).toEqual([
      ['Tea', 'Hot.'],
      ['Tea', 'Cold.'],
    ]);
    expect(documents[1]?.key).toBe('P2');
  });

  test('arrays of objects, wrapped or not, and one object', async () => {
    expect(await load('r.json', '[{"text":"a"},{"text":"b"}]')).toHaveLength(2);
    expect(await load('w.json', '{"total":2,"items":[{"text":"a"},{"text":"b"}]}')).toHaveLength(2);
    expect((await load('o.json', '{"name":"dome","open":true}'))[0]?.text).toBe('name: dome\nopen: true');
  });

  test('what is none of these is refused', async () => {
    expect(await refusal(load('x.json', '{"a": '))).toMatch(/^corrupt: It is not valid JSON: /);
    expect(await refusal(load('n.json', '42'))).toMatch(/^unsupported: It is neither an object nor/);
    expect(await refusal(load('m.json', '[1, 2]'))).toBe('unsupported: Entry 1 is not a JSON object.');
  });
});

// The published data lie beside the working copy on the machines that have them; elsewhere the tests above stand for them.
const data = path.join(packageRoot(), '..', 'shared', 'data');
if (existsSync(data)) {
  test('the published CMRC 2018 trial has 256 texts', async () => {
    const documents = await loadPath(path.join(data, 'cmrc2018', 'cmrc2018_trial.json'));
    expect(documents).toHaveLength(256);
    expect(new Set(documents.map(({ key }) => key)).size).toBe(256);
    expect(documents.every(({ key }) => key.startsWith('TRIAL_'))).toBe(true);
  });

  test('the published financial-qa-10K table gives each context once', async () => {
    const documents = await loadPath(path.join(data, 'financial-qa-10k', 'Financial-QA-10k.csv'));
    // Counted with Python: len({row["context"] for row in csv.DictReader(file)}) without the empty one.
    expect(documents).toHaveLength(6756);
  });
}
