export const INK_PACKAGES: string[];
export function inkModule(name: string, importer: string | undefined): string | undefined;
