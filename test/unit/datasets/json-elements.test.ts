import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonElements } from '../../../src/datasets/records/json-elements.ts';
import { all } from './workspace.ts';

async function* pieces(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

test('any list of JSON values is found element by element, wherever the pieces are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue()),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      fc.boolean(),
      async (values, size, spaced, wrapped) => {
        const document = wrapped ? { note: 'data', more: [['data', 1]], data: values, after: [1] } : values;
        const text = JSON.stringify(document, null, spaced ? 1 : undefined);
        const elements = (await all(jsonElements(pieces(text, size), 'data'))).flat();
        expect(elements.map((element) => JSON.parse(element.text))).toEqual(JSON.parse(JSON.stringify(values)));
        const lines = text.split('\n');
        for (const { line, text: element } of elements) {
          expect(lines[line - 1]).toContain(element.split('\n', 1)[0]);
        }
      },
    ),
  );
});

test.each([
  ['[1]\n\n[2]', 3],
  ['[1] ;', 1],
  ['{"data": [1], "after": [2]}\n{"data": [3]}', 2],
])('what stands behind the end of %j is not lost without a word', async (text, line) => {
  for (const size of [1, 4, 100]) {
    await expect(all(jsonElements(pieces(text, size), 'data'))).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(`goes on behind its end, at line ${line}`),
    });
  }
});
