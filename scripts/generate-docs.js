// Writes what the docs take from the program anew: the keys (README.md, docs/keys.md) and the metrics (docs/metrics.md).
// The tests that check them do the work.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const vitest = path.join(root, 'node_modules', '.bin', 'vitest');
const args = ['run', '--project', 'fast', 'test/unit/docs/generated.test.ts'];
const env = { ...process.env, RAGTUI_WRITE_DOCS: '1' };
process.exitCode = spawnSync(vitest, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
