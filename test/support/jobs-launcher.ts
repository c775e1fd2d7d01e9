// Launches a job and stays: `node jobs-launcher.mjs HOME BEHAVIOUR`. Prints the job's id.
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { launchJob } from '../../src/jobs/launcher.ts';
import { workspacePaths } from '../../src/platform/paths.ts';

const supervisor = path.join(path.dirname(fileURLToPath(import.meta.url)), 'jobs-supervisor.mjs');
const work = { kind: 'pull', models: [process.argv[3] ?? ''] } as const;
const view = await launchJob(workspacePaths(process.argv[2]), { ...work, models: [...work.models] }, { supervisor });
console.log(`<${view.spec.id}>`);
for (;;) await delay(1000);
