// Bundles test/screenshots into dist/screenshots and runs it: real screens of the built program, driven by keys in a
// pseudo-terminal, drawn as SVG into docs/screens. `npm run screenshots [-- --only NAME,NAME] [--keep] [--home DIR]`.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
await build({
  absWorkingDir: root,
  entryPoints: ['test/screenshots/main.ts'],
  outdir: 'dist/screenshots',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.20',
  logLevel: 'warning',
  packages: 'external',
});
const program = path.join(root, 'dist', 'screenshots', 'main.js');
process.exitCode =
  spawnSync(process.execPath, [program, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' }).status ?? 1;
