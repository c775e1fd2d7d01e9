/** Checks every source file below `root` (the folder with src/, stores/, workers/). */
export function checkImports(root: string): { files: number; violations: string[] };
