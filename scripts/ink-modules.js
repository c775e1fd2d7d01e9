// Ink takes frames apart and measures them with modules of ours that remember (src/terminal/ink-*.ts): in the bundle
// (build.js) and in the tests that draw (vitest.config.ts).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const terminal = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'src', 'terminal');
const OURS = new Map([
  ['@alcalzone/ansi-tokenize', path.join(terminal, 'ink-cells.ts')],
  ['string-width', path.join(terminal, 'ink-width.ts')],
]);

/** Packages that import them, so that tests must take them from their source. */
export const INK_PACKAGES = ['ink', 'widest-line', 'cli-truncate'];
const INK_FILES = /\/node_modules\/(ink\/build|widest-line|cli-truncate|ink-testing-library)\//;

/**
 * The file of ours that stands for a module which Ink imports; undefined: it stays what it is.
 * @param {string} name
 * @param {string | undefined} importer a file
 * @returns {string | undefined}
 */
export function inkModule(name, importer) {
  return INK_FILES.test((importer ?? '').split(path.sep).join('/')) ? OURS.get(name) : undefined;
}

/**
 * A file of those packages without the name of its source map, which they do not ship: undefined for all other files.
 * @param {string} file
 * @returns {string | undefined}
 */
export function inkSource(file) {
  if (!INK_FILES.test(file.split(path.sep).join('/'))) return undefined;
  return readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/gm, '');
}
