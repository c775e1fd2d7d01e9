import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { keyTableMarkdown } from '../../../src/keys/help.ts';
import { packageRoot } from '../../../src/platform/entry.ts';
import { allKeyTables } from '../../support/key-tables.ts';

const FILE = path.join(packageRoot(), 'README.md');
const BLOCK = /(<!-- keys:begin[^\n]*-->\n)([\s\S]*?)(<!-- keys:end -->)/;

test('the key tables of the README are those of the program (node scripts/generate-readme-keys.js)', () => {
  const readme = readFileSync(FILE, 'utf8');
  const tables = `\n${keyTableMarkdown(allKeyTables()).trim()}\n\n`;
  if (process.env['RAGTUI_WRITE_README'] === '1') {
    writeFileSync(
      FILE,
      readme.replace(BLOCK, (_, begin, __, end) => `${begin}${tables}${end}`),
    );
    return;
  }
  expect(BLOCK.exec(readme)?.[2]).toBe(tables);
});
