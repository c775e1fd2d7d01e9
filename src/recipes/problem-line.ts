import type { RecipeProblem } from './source.ts';

/** `recipes/small.yaml:12:3: "rnk" is not known here.` */
export const problemLine = (file: string, { line, column, message }: RecipeProblem): string =>
  `${file}:${line}:${column}: ${message}`;
