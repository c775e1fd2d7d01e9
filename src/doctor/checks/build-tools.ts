import { installCommand } from '../install.ts';
import type { Check } from '../types.ts';

/** Needed once, by `npm start`: two native modules come without a binary. */
export const buildTools: Check = {
  id: 'build-tools',
  name: 'build tools',
  run: (probe) => {
    const compiler = probe.env['CXX'] || ['g++', 'clang++', 'c++'].find((program) => probe.find(program));
    const missing = [
      ...(compiler && (probe.env['CXX'] || probe.find(compiler)) ? [] : ['a C++ compiler']),
      ...['make', 'python3'].filter((program) => !probe.find(program)),
    ];
    if (missing.length === 0) return { state: 'ok', detail: `${compiler}, make, python3` };
    return {
      state: 'warn',
      detail: `${missing.join(', ')} not found: the native modules can't be built again (after an update, or for another Node)`,
      get: installCommand(probe, {
        apt: 'g++ make python3',
        dnf: 'gcc-c++ make python3',
        apk: 'build-base python3',
        pacman: 'base-devel python',
      }),
    };
  },
};
