import path from 'node:path';
import { md } from './md.ts';
import { txt } from './txt.ts';
import type { Loader } from './types.ts';

/** All formats. A new one: write its file, add it here. */
export const loaders: readonly Loader[] = [txt, md];

/** The loader for a path; text extensions we do not know, and none at all, are plain text. */
export function loaderFor(file: string): Loader {
  const extension = path.extname(file).toLowerCase();
  return loaders.find((loader) => loader.extensions.includes(extension)) ?? txt;
}
