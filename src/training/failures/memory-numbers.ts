import type { Failure } from './types.ts';

const UNITS: Readonly<Record<string, number>> = {
  bytes: 1,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
  kb: 1024,
  mb: 1024 ** 2,
  gb: 1024 ** 3,
};

/** The numbers an allocator tells when it gives up, bytes. Null when it tells none. Pure. */
export function memoryNumbers(text: string): Failure['memory'] {
  const asked = amount(/[Tt]ried to allocate ([\d.]+) (\w+)/, text);
  const total =
    amount(/total capac?i?ty of ([\d.]+) (\w+)/, text) ??
    amount(/([\d.]+) (\w+) total capacity/, text) ??
    amount(/max allowed: ([\d.]+) (\w+)/, text);
  const free = amount(/of which ([\d.]+) (\w+) is free/, text) ?? amount(/([\d.]+) (\w+) free/, text);
  const inUse =
    amount(/this process has ([\d.]+) (\w+) memory in use/, text) ??
    amount(/([\d.]+) (\w+) already allocated/, text) ??
    amount(/MPS allocated: ([\d.]+) (\w+)/, text);
  return asked === null && total === null && free === null ? null : { asked, free, total, inUse };
}

function amount(pattern: RegExp, text: string): number | null {
  const [, number, unit] = pattern.exec(text) ?? [];
  const size = unit && UNITS[unit.toLowerCase()];
  return number === undefined || !size ? null : Math.round(Number(number) * size);
}
