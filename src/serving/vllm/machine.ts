import { readFileSync } from 'node:fs';

/** Whether the CPU computes in bfloat16 itself (Linux: its flags). */
export function cpuHasBfloat16(): boolean {
  try {
    return /\b(?:avx512_bf16|amx_bf16|bf16)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}
