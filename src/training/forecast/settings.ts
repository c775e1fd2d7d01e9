import type { Setting } from '../types.ts';

/** The engine's settings by type; what is not there or of another type is undefined. */
export class Settings {
  constructor(readonly all: Readonly<Record<string, Setting>>) {}

  number(key: string): number | undefined {
    const value = this.all[key];
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  }

  text(key: string): string | undefined {
    const value = this.all[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  flag(key: string): boolean {
    return this.all[key] === true;
  }
}
