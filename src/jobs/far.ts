import { type FarFile, keepFar } from '../hosts/far-file.ts';
import { runLives, runStatus, stopRun } from '../hosts/run.ts';
import { knownHost } from '../hosts/store.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { waitUntil } from '../platform/processes.ts';
import type { StopOptions } from './control.ts';

const ASK_MS = 500;

/**
 * Ends what a job left running on another host when its own processes died: it is asked first (a training saves a
 * checkpoint), then killed. What it left there stays: the next job of that training brings it here. Errors: `network`.
 */
export async function endFarRun(
  paths: WorkspacePaths,
  folder: string,
  far: FarFile,
  grace: { readonly ask: number; readonly kill: number },
  { onStep }: StopOptions,
): Promise<void> {
  const host = knownHost(paths, far.host);
  const over = (seconds: number): Promise<boolean> =>
    waitUntil(async () => !runLives(await runStatus(host, far.run)), seconds * 1000, ASK_MS);
  onStep?.({ step: 'ask', graceSeconds: grace.ask });
  await stopRun(host, far.run, 'ask');
  let ended = await over(grace.ask);
  if (!ended) {
    onStep?.({ step: 'kill', graceSeconds: grace.kill });
    await stopRun(host, far.run, 'kill');
    ended = await over(grace.kill);
  }
  if (ended) keepFar(folder, { ...far, open: false });
}
