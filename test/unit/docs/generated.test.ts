import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { keyTableMarkdown } from '../../../src/keys/help.ts';
import { packageRoot } from '../../../src/platform/entry.ts';
import { allKeyTables } from '../../support/key-tables.ts';
import { metricsMarkdown } from './metrics-markdown.ts';

const AGAIN = '(node scripts/generate-docs.js)';

/** What stands between the two marks of a file is `wanted`; or is made so. */
function generated(file: string, name: string, wanted: string): void {
  const full = path.join(packageRoot(), file);
  const block = new RegExp(`(<!-- ${name}:begin[^\\n]*-->\\n)([\\s\\S]*?)(<!-- ${name}:end -->)`);
  const text = readFileSync(full, 'utf8');
  const body = `\n${wanted.trim()}\n\n`;
  if (process.env['RAGTUI_WRITE_DOCS'] === '1') {
    writeFileSync(
      full,
      text.replace(block, (_, begin, __, end) => `${begin}${body}${end}`),
    );
  } else expect(block.exec(text)?.[2]).toBe(body);
}

test(`the keys that work everywhere stand in the README ${AGAIN}`, () => {
  generated('README.md', 'keys', keyTableMarkdown(allKeyTables().slice(0, 1)));
});

test(`docs/keys.md has the key tables of the program ${AGAIN}`, () => {
  generated('docs/keys.md', 'keys', keyTableMarkdown(allKeyTables()));
});

test(`docs/metrics.md has the metrics of the program ${AGAIN}`, () => {
  generated('docs/metrics.md', 'metrics', metricsMarkdown());
});
