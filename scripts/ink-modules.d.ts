export const INK_PACKAGES: string[];
export function inkSource(file: string): string | undefined;
export function inkModule(name: string, importer: string | undefined): string | undefined;
