// Writes the key tables of README.md anew from the action tables. The test that checks them does the work.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const vitest = path.join(root, 'node_modules', '.bin', 'vitest');
const args = ['run', '--project', 'fast', 'test/unit/cli/readme-keys.test.ts'];
const env = { ...process.env, RAGTUI_WRITE_README: '1' };
process.exitCode = spawnSync(vitest, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
