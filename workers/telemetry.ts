// Looks at servers, machine and GPUs for the screen that asked by IPC (`stores/telemetry-port.ts`). Lives and dies with it.
import type { z } from 'zod';
import { workspacePaths } from '../src/platform/paths.ts';
import { createObserver } from '../src/serving/metrics-observer.ts';
import { allTargets, metricsTargets } from '../src/serving/metrics-targets.ts';
import { telemetryWatchSchema } from '../src/serving/metrics-types.ts';

/** Between the two looks at what rests. */
const REST_MS = 1500;

const paths = workspacePaths();
const observer = createObserver({ targets: (llms) => metricsTargets(paths, llms), all: () => allTargets(paths) });
let wanted: z.output<typeof telemetryWatchSchema> | undefined;
let timer: NodeJS.Timeout | undefined;
let looking = false;
let again = false;
let looksLeft = 0;

process.on('disconnect', () => process.exit(0));
// Ctrl+C in the terminal of the screen is the screen's business.
process.on('SIGINT', () => {});
process.on('message', (raw) => {
  const next = telemetryWatchSchema.safeParse(raw).data;
  if (!next) return;
  wanted = next;
  // Shares of time need two moments; and after work the rest is what stays on screen, not the last burst.
  looksLeft = 2;
  void look();
});

async function look(): Promise<void> {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  clearTimeout(timer);
  const started = performance.now();
  do {
    again = false;
    if (wanted) await send(await observer.look(wanted.llms, wanted.pids, wanted.all));
  } while (again);
  looking = false;
  looksLeft -= 1;
  const every = wanted && wanted.everyMs > 0 ? wanted.everyMs : looksLeft > 0 ? REST_MS : 0;
  if (every > 0) timer = setTimeout(() => void look(), Math.max(0, started + every - performance.now()));
}

const send = (message: object): Promise<void> =>
  new Promise((done) => (process.send ? process.send(message, () => done()) : done()));
