import { listJobs } from '../jobs/registry.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { readItems } from './item-log.ts';
import { isFailure } from './item-state.ts';
import type { ItemResult } from './types.ts';

/** More are not kept in memory; the newest runs come first. */
const MOST_ITEMS = 200_000;

/** Finished items of earlier runs on a dataset, and of this one before it was killed. */
export interface KnownItems {
  byKey(key: string): ItemResult | undefined;
  byAnswer(answerKey: string): ItemResult | undefined;
}

/** What failed is not known: it is tried again. */
export function knownItems(paths: WorkspacePaths, dataset: string): KnownItems {
  const byKey = new Map<string, ItemResult>();
  const byAnswer = new Map<string, ItemResult>();
  for (const { spec, folder } of listJobs(paths)) {
    if (spec.work.kind !== 'evaluate' || spec.work.dataset !== dataset) continue;
    for (const line of readItems(folder)) {
      if (isFailure(line)) continue;
      const item = { ...line, reusedFrom: line.reusedFrom ?? spec.id };
      if (!byKey.has(item.key)) byKey.set(item.key, item);
      if (!byAnswer.has(item.answerKey)) byAnswer.set(item.answerKey, item);
    }
    if (byKey.size > MOST_ITEMS) break;
  }
  return { byKey: (key) => byKey.get(key), byAnswer: (key) => byAnswer.get(key) };
}

export const NOTHING_KNOWN: KnownItems = { byKey: () => undefined, byAnswer: () => undefined };
