import path from 'node:path';
import type { RecipeWork } from './types.ts';

/** Where files that a recipe names are looked for: beside it, and where the command was given. */
export const foldersOf = ({ file, cwd }: Pick<RecipeWork, 'file' | 'cwd'>): string[] => [path.dirname(file), cwd];
