import type { Check } from '../types.ts';

/** An ingest with its parsers and the index files opens a few hundred. */
const FEW_FILES = 1024;
const FEW_PROCESSES = 512;

export const limits: Check = {
  id: 'ulimit',
  name: 'limits',
  run: (probe) => {
    const table = probe.read('/proc/self/limits');
    if (table === undefined) return { state: 'skip', detail: 'not told here' };
    const files = limitOf(table, 'Max open files');
    const processes = limitOf(table, 'Max processes');
    const detail = `${shown(files)} open files, ${shown(processes)} processes`;
    if (files < FEW_FILES) return { state: 'warn', detail, get: `ulimit -n ${FEW_FILES * 4} before you start ragtui` };
    if (processes < FEW_PROCESSES)
      return { state: 'warn', detail, get: `ulimit -u ${FEW_PROCESSES * 8} before you start ragtui` };
    return { state: 'ok', detail };
  },
};

/** The soft limit. */
function limitOf(table: string, name: string): number {
  const value = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(table)?.[1];
  return value === undefined || value === 'unlimited' ? Number.POSITIVE_INFINITY : Number(value);
}

const shown = (limit: number): string => (Number.isFinite(limit) ? String(limit) : 'any number of');
