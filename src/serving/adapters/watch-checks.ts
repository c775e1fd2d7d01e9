import { watch } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobContext } from '../../jobs/worker.ts';
import { listAdapters } from '../../models/store.ts';
import { type Asked, checkEffect } from './effect.ts';
import { changeVersion, readAdapters, updateAdapters } from './state.ts';
import { checkTemplate } from './template.ts';
import type { AdapterVersion } from './types.ts';

/** Changes of the file are heard at once; this is for a folder that cannot be watched. */
const LOOK_MS = 1000;

/**
 * Checks every adapter version that is loaded and not checked yet, one after another, until `signal` aborts. Runs in the
 * worker of a server, so that it happens whoever loaded the adapter and whether or not they stay.
 */
export async function watchAdapters(
  { folder, paths, report, work }: JobContext<'serve'>,
  server: Asked,
  signal: AbortSignal,
): Promise<void> {
  let wake = () => {};
  const watcher = watch(folder, { persistent: false }, () => wake()).on('error', () => {});
  try {
    while (!signal.aborted) {
      const next = unchecked(folder);
      if (!next) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([changed, delay(LOOK_MS, undefined, { signal, ref: false }).catch(() => {})]);
        continue;
      }
      const system = listAdapters(paths).find(({ sha256 }) => sha256 === next.sha256)?.templateSystem ?? '';
      const names = { base: work.servedName ?? work.model, adapter: next.served };
      const effect = await checkEffect(server, names, system, signal);
      if (signal.aborted) return;
      tell(report, next, effect.state, effect.why);
      const template = await checkTemplate(paths, work, server, next, signal);
      if (signal.aborted) return;
      if (template.state === 'differs') {
        report.log('error', `${next.served} is asked with other tokens than it was trained on, ${template.why}`);
      } else if (template.state === 'unknown') {
        report.log('warn', `whether ${next.served} is asked as it was trained could not be checked: ${template.why}`);
      }
      await updateAdapters(folder, (file) => changeVersion(file, next.served, { effect, template }));
    }
  } finally {
    watcher.close();
  }
}

const unchecked = (folder: string): AdapterVersion | undefined =>
  readAdapters(folder)
    ?.adapters.flatMap(({ versions }) => versions)
    .find(({ state, effect }) => state === 'loaded' && effect === null);

function tell(report: JobContext['report'], { served }: AdapterVersion, state: string, why: string): void {
  if (state === 'nothing') {
    report.log('error', `${served} does NOTHING: every token has the probability that the base gives it`);
  } else if (state === 'unknown') report.log('warn', `whether ${served} does anything could not be checked: ${why}`);
  else report.log('info', `${served} changes what the base says`);
}
