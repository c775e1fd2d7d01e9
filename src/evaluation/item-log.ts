import path from 'node:path';
import { LineLog, readLines } from '../platform/line-log.ts';
import { type ItemResult, itemResultSchema } from './types.ts';

export const itemsFile = (folder: string): string => path.join(folder, 'items.jsonl');

/** Appends finished items, each on the disk before its `append` resolves: what is finished survives any kill. */
export class ItemLog extends LineLog<ItemResult> {
  constructor(folder: string) {
    super(itemsFile(folder));
  }
}

/** The finished items of a run's folder; a torn last line is not one. */
export const readItems = (folder: string): ItemResult[] => readLines(itemsFile(folder), itemResultSchema);
