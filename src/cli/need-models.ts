import type { PullProgress } from '../models/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import type { CommandContext } from './context.ts';
import { megabytes } from './output.ts';

/**
 * Makes sure that the models are on this disk. A default one is pulled after one line on stderr, unless `pull` is
 * false (--no-pull); any other must be pulled by name. Endpoints the user added need nothing.
 * Errors: `unavailable` with the command that helps, and what pulling raises.
 */
export async function needModels(context: CommandContext, ids: readonly string[], pull: boolean): Promise<void> {
  const { DEFAULT_CHAT_MODEL, DEFAULT_EMBEDDERS } = await import('../models/catalogue.ts');
  const { servedName } = await import('../models/served-embedder.ts');
  const { installedModel, listAdapters, listEndpoints, modelStatus } = await import('../models/store.ts');
  const defaults: readonly string[] = [DEFAULT_CHAT_MODEL, ...Object.values(DEFAULT_EMBEDDERS)];
  const endpoints = new Set(listEndpoints(context.paths).map((endpoint) => endpoint.name));
  const bases = new Map(listAdapters(context.paths).map(({ name, base }) => [name, base]));
  // An adapter needs its base.
  for (const id of new Set(ids.map((one) => bases.get(one) ?? one))) {
    // Of what a server of ours has, the server has the files.
    if (endpoints.has(id) || servedName(id)) continue;
    const { state } = modelStatus(context.paths, id);
    if (state === 'present' || state === 'damaged' || !defaults.includes(id)) {
      installedModel(context.paths, id);
      continue;
    }
    if (!pull) {
      const why = `The model ${id} is not here and --no-pull forbids to fetch it.`;
      throw new RagtuiError('unavailable', why, `Run "ragtui models pull ${id}".`);
    }
    await pullOne(context, id);
  }
}

/** Pulls one model with progress on stderr. */
export async function pullOne(context: CommandContext, id: string): Promise<void> {
  const { pullModel } = await import('../models/pull.ts');
  const { findModel } = await import('../models/store.ts');
  const { out, paths, signal } = context;
  const entry = findModel(paths, id);
  const bytes = entry.files.reduce((sum, file) => sum + file.bytes, 0);
  out.note(`Pulling ${id} (${megabytes(bytes)}, ${entry.licence}; ${entry.origin})`);
  await pullModel(paths, id, { signal, onProgress: (progress) => out.progress(pullLine(progress)) });
  out.clearProgress();
}

function pullLine({ model, file, source, phase, bytes, total }: PullProgress): string {
  if (phase === 'done') return `${model}: done`;
  const amount = total > 0 ? ` ${megabytes(bytes)} of ${megabytes(total)}` : '';
  return `${model} ${file}: ${phase}${amount}${source ? ` from ${source}` : ''}`.replace(/ +/g, ' ');
}
