import path from 'node:path';
import { readJsonFile } from '../jobs/folder.ts';
import { writeJsonAtomic } from '../platform/files.ts';
import type { WorkspacePaths } from '../platform/paths.ts';
import { NEW_TOUR } from './steps.ts';
import { type TourRecord, tourRecordSchema } from './types.ts';

const fileOf = (paths: WorkspacePaths): string => path.join(paths.home, 'tour.json');

/** What was done of the tour; a new one where nothing is written, or nothing that can be read. */
export const readTour = (paths: WorkspacePaths): TourRecord =>
  readJsonFile(fileOf(paths), tourRecordSchema) ?? NEW_TOUR;

/** Errors: those of the disk. */
export function writeTour(paths: WorkspacePaths, record: TourRecord): void {
  writeJsonAtomic(fileOf(paths), record);
}
